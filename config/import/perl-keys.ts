/**
 * The known keys of the configuration of the Perl daemon, by section. A text says why a key has no
 * counterpart. null: it has one, which perl-settings.ts or perl-mail.ts creates.
 */
export const PERL_KEYS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  Global: {
    LOG_DEBUG: null,
    LOG_INFO: null,
    LOG_WARNING: null,
    LOG_ERR: null,
    ENVIRONMENT: 'it is not needed; if it selected the entries of this host, use directory.filter',
    ...forever('even at its start'),
  },
  'Operation Mode': forever('at any time'),
  Mail: {
    SENDTO: null,
    HOST: null,
    PORT: null,
    USERNAME: null,
    PASSWORD: null,
    FROMNAME: null,
    SSL: null,
    WANTINFOMAIL: null,
    AUTH_METHOD: 'the method is chosen from those that the server offers',
    CA_DIR: 'notify.mail.caFile can name a file of authorities, if those of Node.js are not sufficient',
  },
  Database: {
    BACKEND: null,
    SERVER: null,
    PORT: null,
    ADMIN_USER: null,
    ADMIN_PASSWORD: null,
    SERVICE_SUBTREE: null,
    SEARCH_FILTER: null,
    ...same(
      ['COOKIE_FILE', 'DEFAULT_COOKIE'],
      'it is not needed: each connection begins with a list of the open accounts',
    ),
    STONEY_CLOUD_WIDE_CONFIGURATION: 'it contains defaults for another daemon',
  },
  Service: {
    MODUS: null,
    TRANSPORTAPI: null,
    SERVICE: null,
    TYPE: null,
    SYSLOG: 'the tag in syslog is prov-backup-rsnapshot; adapt rules that select lines by the tag',
  },
  Gateway: { HOST: null, USER: null, DSA_FILE: null },
};

function forever(when: string): Readonly<Record<string, string>> {
  const why = `the service waits for the directory without a limit, with growing pauses (reconnect), ${when}`;
  return same(['SLEEP', 'ATTEMPTS'], why);
}

function same(keys: readonly string[], why: string): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, why]));
}
