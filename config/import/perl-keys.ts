/**
 * The keys of the Perl daemon's configuration that are known, by section. A text says why a key has
 * no counterpart; null: it has one, which perl-settings.ts makes.
 */
export const PERL_KEYS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  Global: {
    LOG_DEBUG: null,
    LOG_INFO: null,
    LOG_WARNING: null,
    LOG_ERR: null,
    ENVIRONMENT: 'none is needed, or directory.filter where it chose the entries of this host',
    ...forever('the start'),
  },
  'Operation Mode': forever('any time'),
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
    CA_DIR: 'notify.mail.caFile is a file of authorities, where those of Node.js do not do',
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
      'none is needed: each connection begins with a list of the open accounts',
    ),
    STONEY_CLOUD_WIDE_CONFIGURATION: 'it holds defaults of another daemon',
  },
  Service: {
    MODUS: null,
    TRANSPORTAPI: null,
    SERVICE: null,
    TYPE: null,
    SYSLOG: 'the tag in syslog is prov-backup-rsnapshot; adapt what selects lines by it',
  },
  Gateway: { HOST: null, USER: null, DSA_FILE: null },
};

function forever(when: string): Readonly<Record<string, string>> {
  const why = `the service waits for the directory for ever, with growing pauses (reconnect), at ${when}, too`;
  return same(['SLEEP', 'ATTEMPTS'], why);
}

function same(keys: readonly string[], why: string): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, why]));
}
