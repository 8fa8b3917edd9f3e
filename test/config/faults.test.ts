import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../config/fault.ts';
import { shapeOf } from '../../config/kinds/setting.ts';
import { parseConfig } from '../../config/load-config.ts';
import { settingsSchema } from '../../config/schema.ts';
import { MODES } from '../../src/domain/mode.ts';

const DIRECTORY = ['directory:', '  url: ldap://localhost', '  base: dc=example,dc=org'];
const SCRIPT = ['script:', '  command: [/bin/true]'];
const SECTIONS = Object.keys(shapeOf(settingsSchema) ?? {}).join(', ');

/** The faults of a file, one line each, without the heading. */
function faultsOf(lines: readonly string[], env: Record<string, string> = {}): string[] {
  try {
    parseConfig(lines.join('\n'), env, 'service.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

/**
 * The faults of a file with all required settings and further lines: in the section `directory`, in
 * `script`, or in sections of their own.
 */
const withDirectory = (...lines: string[]): string[] =>
  faultsOf([...DIRECTORY, ...lines.map((line) => `  ${line}`), ...SCRIPT]);
const withScript = (...lines: string[]): string[] =>
  faultsOf([...DIRECTORY, ...SCRIPT, ...lines.map((line) => `  ${line}`)]);
const withLines = (...lines: string[]): string[] => faultsOf([...DIRECTORY, ...SCRIPT, ...lines]);

const withUrl = (url: string): string[] =>
  faultsOf(['directory:', `  url: ${url}`, '  base: dc=example,dc=org', ...SCRIPT]);
const withBase = (base: string): string[] =>
  faultsOf(['directory:', '  url: ldap://localhost', `  base: ${base}`, ...SCRIPT]);

describe('a configuration that gives what it must', () => {
  it('has no fault', () => {
    expect(withLines()).toEqual([]);
  });

  it('may have empty sections', () => {
    expect(withLines('operator:', 'log: {}', 'retry:', '  temporary:')).toEqual([]);
  });
});

describe('all faults of a configuration', () => {
  it('are reported together, in the order of the file, each with line, key, given value and expectation', () => {
    const lines = [
      'directroy: 1',
      'directory:',
      '  url: ldap://ldap.example.org',
      '  base: nonsense',
      '  bindDn: cn=service',
      'script:',
      '  timeout: 30',
      '  killgrace: 10s',
      'retry:',
      '  temporary: { initial: 1d, max: 1s }',
      'concurrency: 0',
    ];
    expect(faultsOf(lines)).toEqual([
      'line 1: directroy: given an unknown key, expected directory',
      'line 2: directory.bindPasswordFile is not set; expected exactly one of bindPasswordFile, bindPassword, bindPasswordFd and PROV_BIND_PASSWORD in the environment, because bindDn is set',
      'line 3: directory.url: given ldap://ldap.example.org without encryption, expected startTls: true or ldaps://, because otherwise a password would be sent unencrypted (directory.allowPlaintext: true allows that)',
      'line 4: directory.base: given "nonsense", expected a distinguished name such as ou=accounts,dc=example,dc=org',
      'line 6: script.command is not set; expected a list of a program and its arguments, such as [/usr/local/sbin/program, --option]',
      'line 7: script.timeout: given 30, expected a duration from 100ms to 7d, such as 30s (ms, s, m, h or d); the unit is missing: 30s?',
      'line 8: script.killgrace: given an unknown key, expected killGrace',
      'line 10: retry.temporary.initial: given "1d", expected at most retry.temporary.max, which is 1s',
      'line 11: concurrency: given 0, expected a whole number from 1 to 1000',
    ]);
  });

  it('are counted in the heading, after the name of the file', () => {
    const headings = ['', 'script: { command: [/bin/true] }\ndirectory: { url: ldap://localhost }'].map((text) => {
      try {
        return parseConfig(text, {}, '/etc/service.yaml');
      } catch (error) {
        return (error as Error).message.split('\n')[0];
      }
    });
    expect(headings).toEqual([
      '/etc/service.yaml: 3 faults in the configuration',
      '/etc/service.yaml: one fault in the configuration',
    ]);
  });
});

describe('an unknown key', () => {
  it.each([
    ['timezone: UTC', 'line 6: timezone: given an unknown key, expected timeZone'],
    ['concurency: 4', 'line 6: concurency: given an unknown key, expected concurrency'],
    ['startTls: true', 'line 6: startTls: given an unknown key, expected directory.startTls'],
    ['logging: {}', 'line 6: logging: given an unknown key, expected log'],
    ['qwertyuiop: 1', `line 6: qwertyuiop: given an unknown key, expected one of ${SECTIONS}`],
    ['__proto__: 1', `line 6: __proto__: given an unknown key, expected one of ${SECTIONS}`],
    ['"a\\e[2Jb": 1', `line 6: "a\\u001b[2Jb": given an unknown key, expected one of ${SECTIONS}`],
  ])('%s is answered with the nearest known one', (line, fault) => {
    expect(withLines(line)).toEqual([fault]);
  });
});

describe('what is not YAML', () => {
  it.each([
    [['concurrency: 4', 'concurrency: 5'], 'line 2: concurrency: given a second time, expected once'],
    [['log:', '\tlevel: info'], 'line 2: given a tab as indentation, expected blanks'],
    [['timeZone: "UTC'], 'line 1: given an unfinished value, expected its closing quote, bracket or colon'],
    [
      ['log: {}', 'timeZone: *geheim'],
      'line 2: given an alias without an anchor, expected quotes around a value that begins with *',
    ],
    [['log: {', 'a'], 'line 2: given an unfinished value, expected its closing quote, bracket or colon'],
    [['log: !geheim x'], 'line 1: given a tag, expected a plain value'],
    [['log: {}', '---', 'log: {}'], 'line 2: given several documents, expected one'],
    [['a: geheim: b'], 'line 1: given a value that looks like a key, expected quotes around values that contain ": "'],
  ])('%j is reported with its line, and its text is not quoted', (lines, fault) => {
    const faults = faultsOf(lines);
    expect(faults).toContain(fault);
    expect(faults.join()).not.toContain('geheim');
  });

  it('is a list where sections are expected', () => {
    expect(faultsOf(['- a'])).toEqual([`given the list ["a"], expected a section with the keys ${SECTIONS}`]);
    expect(withLines('log: info')).toEqual([
      'line 6: log: given "info", expected a section with the keys level, format, file, syslog',
    ]);
  });

  it('is an alias that expands without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd', 'e'].map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcd'[i]}`).join(',')}]`),
    ];
    expect(faultsOf(bomb)).toEqual(['given aliases that expand without end, expected plain settings']);
  });
});

const URL =
  'expected an LDAP URL such as ldap://ldap1.example.org, srv:example.org for the servers that DNS returns, or a list of these';

describe('servers by DNS', () => {
  it('are named by their domain, alone or among URLs', () => {
    expect(withUrl('srv:example.org')).toEqual([]);
    expect(withUrl('[srv:Example.org., ldapi://]')).toEqual([]);
  });

  it.each(['srv:', 'srv://example.org', 'srv:example.org:389', 'srv:a..b', 'srv:-'])('are no other text: %s', (url) => {
    expect(withUrl(`"${url}"`)).toContainEqual(expect.stringContaining('srv: is followed by a domain'));
  });

  it('get no password without encryption', () => {
    const lines = ['directory:', '  url: srv:example.org', '  base: dc=a', '  bindDn: cn=a', '  bindPasswordFd: 3'];
    expect(faultsOf([...lines, ...SCRIPT])).toEqual([
      'line 2: directory.url: given srv:example.org without encryption, expected startTls: true or ldaps://, because otherwise a password would be sent unencrypted (directory.allowPlaintext: true allows that)',
    ]);
    expect(faultsOf([...lines, '  startTls: true', ...SCRIPT])).toEqual([]);
  });

  it('are not for several services, which write to one server', () => {
    const lines = ['directory:', '  url: srv:example.org', '  base: dc=a', ...SCRIPT, 'instances: several'];
    expect(faultsOf(lines)).toContain(
      'line 2: directory.url: given srv:example.org, expected the URL of the one server to which all services write, because instances is several: DNS may return other servers',
    );
  });
});

describe('directory.auth', () => {
  const LDAPI = 'url: ldapi://%2Frun%2Fldapi';
  const certificate = ['tls: { certFile: /c.pem, keyFile: /k.pem }'];
  const auth = (url: string, ...lines: string[]): string[] =>
    faultsOf(['directory:', `  ${url}`, '  base: dc=example,dc=org', ...lines.map((line) => `  ${line}`), ...SCRIPT]);

  it('is external by a client certificate over TLS, or over ldapi, without name and password', () => {
    expect(auth(LDAPI, 'auth: external')).toEqual([]);
    expect(auth('url: ldapi://', 'auth: external')).toEqual([]);
    expect(auth('url: ldaps://a.example', 'auth: external', ...certificate)).toEqual([]);
    expect(auth('url: ldap://a.example', 'startTls: true', 'auth: external', ...certificate)).toEqual([]);
  });

  it('is anonymous where it says so, or without a bindDn', () => {
    expect(auth('url: ldap://a.example', 'auth: anonymous')).toEqual([]);
    expect(auth('url: ldap://a.example')).toEqual([]);
  });

  it.each<[string, string[], string]>([
    [
      'a word that is none',
      ['auth: sasl'],
      'line 4: directory.auth: given "sasl", expected simple, external or anonymous, or null',
    ],
    [
      'simple without a bindDn',
      ['auth: simple'],
      'line 1: directory.bindDn is not set; expected the DN to bind as, because auth is simple (without a DN: auth: external or anonymous)',
    ],
    [
      'external with a bindDn',
      ['auth: external', 'bindDn: cn=a'],
      'line 5: directory.bindDn: given "cn=a", expected none, because auth is external: the server derives it from the certificate or the peer',
    ],
    [
      'external with a password',
      ['auth: external', 'bindPasswordFile: /p'],
      'line 5: directory.bindPasswordFile: given a password, expected none because auth is external',
    ],
    [
      'anonymous with a password',
      ['auth: anonymous', 'bindPasswordFd: 3'],
      'line 5: directory.bindPasswordFd: given a password, expected none because auth is anonymous',
    ],
  ])('is faulty as %s', (_, lines, fault) => {
    expect(auth(LDAPI, ...lines)).toEqual([fault]);
  });

  it('needs a certificate for EXTERNAL over TLS, and TLS for a certificate', () => {
    expect(auth('url: [ldapi://, ldaps://a.example]', 'auth: external')).toEqual([
      'line 1: directory.tls.certFile is not set; expected the PEM file of a client certificate, because auth is external and not all URLs are ldapi:// URLs',
    ]);
    expect(auth('url: ldap://a.example', 'auth: external', ...certificate)).toEqual([
      'line 1: directory.startTls is not set; expected true, because auth is external: a certificate is presented only over TLS (or ldaps:// URLs; or ldapi:// for the user of the process)',
    ]);
  });

  it('is reported with certificates that are not whole, or for nothing', () => {
    expect(auth('url: ldap://127.0.0.1', ...certificate)).toEqual([
      'line 4: directory.tls.certFile: given "/c.pem", expected null, because no connection uses TLS: use startTls: true or ldaps://, or leave the certificate out',
    ]);
    expect(auth('url: ldaps://a.example', 'auth: simple', 'tls: { certFile: /c.pem }')).toEqual([
      'line 1: directory.bindDn is not set; expected the DN to bind as, because auth is simple (without a DN: auth: external or anonymous)',
      'line 5: directory.tls.keyFile is not set; expected the PEM file of the key, because tls.certFile is set',
    ]);
    expect(auth('url: ldaps://a.example', 'tls: { keyFile: /k.pem }')).toEqual([
      'line 4: directory.tls.certFile is not set; expected the PEM file of the certificate, because tls.keyFile is set',
    ]);
  });
});

describe('a credential of systemd', () => {
  const credential = ['  bindDn: cn=a', '  bindPasswordFile: credential:password'];
  it('is found in the folder of the credentials', () => {
    const lines = [...DIRECTORY, ...credential, ...SCRIPT];
    const settings = parseConfig(
      lines.join('\n'),
      { CREDENTIALS_DIRECTORY: '/run/credentials/a.service' },
      'service.yaml',
    );
    expect(settings.directory.bindPasswordFile).toBe('/run/credentials/a.service/password');
  });

  it('is missing where systemd did not start the process, with what to do', () => {
    expect(faultsOf([...DIRECTORY, ...credential, ...SCRIPT])).toEqual([
      'line 5: directory.bindPasswordFile: given a value (not shown), expected a process to which systemd passes the credential: LoadCredential=password:/PATH in the unit; in a shell: systemd-run -P --wait -p LoadCredential=password:/PATH COMMAND',
    ]);
  });

  it('has a name and no path', () => {
    expect(withDirectory('tls: { keyFile: credential:a/b }')).toContainEqual(
      expect.stringContaining('the name of a credential cannot be empty, . or .., and cannot contain /'),
    );
  });
});

describe('directory.url', () => {
  it.each([
    'ldap://localhost',
    'LDAP://127.0.0.1:3890/',
    'ldap://[::1]:389',
    'ldaps://ldap.example.org',
    'ldapi://%2Frun%2Fslapd%2Fldapi',
    'ldapi:///',
    '[ldap://localhost, ldaps://ldap.example.org:6360]',
  ])('may be %s', (url) => {
    expect(withUrl(url)).toEqual([]);
  });

  it.each([
    [
      'http://localhost',
      `given "http://localhost", ${URL}; it begins with ldap://, ldaps:// or ldapi://, or is srv:DOMAIN`,
    ],
    ['localhost', `given "localhost", ${URL}; it begins with ldap://, ldaps:// or ldapi://, or is srv:DOMAIN`],
    ['ldap://', `given "ldap://", ${URL}; the host is missing`],
    ['ldap://host:99999', `given "ldap://host:99999", ${URL}; a port is a number from 1 to 65535`],
    ['ldap://::1', `given "ldap://::1", ${URL}; HOST, HOST:PORT or [IPv6]:PORT`],
    ['ldap://host/dc=example', `given "ldap://host/dc=example", ${URL}; base and filter have keys of their own`],
    ['ldap://cn=x:geheim@host', `given "ldap://...@host", ${URL}; name and password have keys of their own`],
    ['ldapi:///run/ldapi', `given "ldapi:///run/ldapi", ${URL}; the path is percent-encoded: ldapi://%2Frun%2Fldapi`],
    [
      'ldapi://run',
      `given "ldapi://run", ${URL}; the path of the socket must be absolute, such as ldapi://%2Frun%2Fslapd%2Fldapi`,
    ],
    ['ldapi://%2', `given "ldapi://%2", ${URL}; a % is followed by two hexadecimal digits`],
    ['[]', `given the list [], ${URL}; the list is empty`],
    [
      '[ldap://localhost, ldap:x]',
      `given the list ["ldap://localhost","ldap:x"], ${URL}; number 2: it begins with ldap://, ldaps:// or ldapi://, or is srv:DOMAIN`,
    ],
    ['12', `given 12, ${URL}`],
  ])('is not %s', (url, fault) => {
    expect(withUrl(url)).toEqual([`line 2: directory.url: ${fault}`]);
  });
});

describe('directory.base', () => {
  it.each([
    ...['dc=example', '"ou=a\\\\, b,dc=example,dc=org"', 'ou=Zürich,dc=example', '1.2.3=x,dc=example'],
    ...["'ou=a\\2C b,dc=x'", "'ou=\\#a\\ ,dc=x'", '\'ou="a, b" ; dc=x\'', "'ou=a+l=b,dc=x'", 'ou=Z\\C3\\BCrich,dc=x'],
  ])('may be %s', (base) => {
    expect(withBase(base)).toEqual([]);
  });

  it.each([
    'nonsense',
    '""',
    'dc=a,,dc=b',
    '"dc=a,"',
    '"dc=a\\nb"',
    '=x',
    '[dc=a]',
    "'ou=a<b,dc=x'",
    "'dc=a\\'",
    "'ou=\"a,dc=x'",
  ])('is not %s', (base) => {
    expect(withBase(base)).toHaveLength(1);
  });
});

describe('directory.filter', () => {
  it('may leave out its outer brackets, and have blanks between its parts', () => {
    const lines = ['filter: >-', '  (& (objectClass=sstProvisioning)', '  (!(uid=4000000)) )'];
    const settings = parseConfig([...DIRECTORY, ...lines.map((line) => `  ${line}`), ...SCRIPT].join('\n'), {}, 'f');
    expect(settings.directory.filter).toBe('(&(objectClass=sstProvisioning)(!(uid=4000000)))');
    const short = parseConfig([...DIRECTORY, '  filter: uid=4*', ...SCRIPT].join('\n'), {}, 'f');
    expect(short.directory.filter).toBe('(uid=4*)');
  });

  it.each([
    ['(a=b', '"(a=b"', '; its brackets do not match'],
    ['(a=b)(c=d)', '"(a=b)(c=d)"', '; its brackets do not match'],
    ['a=b)(c=d', '"a=b)(c=d"', '; its brackets do not match'],
    ['(&(a=b)', '"(&(a=b)"', '; its brackets do not match'],
    ['(a>b)', '"(a>b)"', ''],
    ['()', '"()"', ''],
    ['(uid=**)', '"(uid=**)"', ''],
    ['"(uid=\\\\zz)"', '"(uid=\\\\zz)"', ''],
    ['[a]', 'the list ["a"]', ''],
  ])('is not %s', (filter, given, hint) => {
    expect(withDirectory(`filter: ${filter}`)).toEqual([
      `line 4: directory.filter: given ${given}, expected a search filter such as (objectClass=sstProvisioning)${hint}`,
    ]);
  });
});

describe('the password', () => {
  const bindDn = 'bindDn: cn=service,dc=example,dc=org';

  it.each(['bindPasswordFile: /etc/password', 'bindPassword: geheim', 'bindPasswordFd: 3'])(
    'has one source in addition to bindDn: %s',
    (source) => {
      expect(withDirectory(bindDn, source)).toEqual([]);
    },
  );

  it('may come from the environment', () => {
    expect(faultsOf([...DIRECTORY, `  ${bindDn}`, ...SCRIPT], { PROV_BIND_PASSWORD: 'geheim' })).toEqual([]);
  });

  it('has not two sources', () => {
    const words =
      'exactly one of bindPasswordFile, bindPassword, bindPasswordFd and PROV_BIND_PASSWORD in the environment, because bindDn is set';
    expect(withDirectory(bindDn, 'bindPassword: geheim', 'bindPasswordFd: 3')).toEqual([
      `line 6: directory.bindPasswordFd: given directory.bindPassword and directory.bindPasswordFd, expected ${words}`,
    ]);
    expect(
      faultsOf([...DIRECTORY, `  ${bindDn}`, '  bindPasswordFd: 3', ...SCRIPT], { PROV_BIND_PASSWORD: 'geheim' }),
    ).toEqual([
      `line 5: directory.bindPasswordFd: given directory.bindPasswordFd and PROV_BIND_PASSWORD in the environment, expected ${words}`,
    ]);
  });

  it('needs a bindDn', () => {
    expect(withDirectory('bindPasswordFd: 3')).toEqual([
      'line 4: directory.bindPasswordFd: given a password, expected none without directory.bindDn',
    ]);
  });

  it('is never shown, whatever is wrong with it', () => {
    const faults = [
      ...withDirectory(bindDn, 'bindPassword: 815471234'),
      ...withDirectory(bindDn, 'bindPassword: [geheim]'),
      ...withDirectory(bindDn, 'bindPassword: "ge\\nheim"'),
      ...withDirectory(bindDn, 'bindPasswordFile: geheim'),
      ...withDirectory(bindDn, 'bindPassord: geheim'),
    ];
    expect(faults).toEqual([
      'line 5: directory.bindPassword: given a value (not shown), expected text, or null; write it in quotes',
      'line 5: directory.bindPassword: given a value (not shown), expected text, or null',
      'line 5: directory.bindPassword: given a value (not shown), expected text, or null',
      'line 5: directory.bindPasswordFile: given a value (not shown), expected an absolute path, such as /etc/prov-backup-rsnapshot/file, or credential:NAME for a credential of systemd, or null; it does not begin with /',
      'line 1: directory.bindPasswordFile is not set; expected exactly one of bindPasswordFile, bindPassword, bindPasswordFd and PROV_BIND_PASSWORD in the environment, because bindDn is set',
      'line 5: directory.bindPassord: given an unknown key, expected bindPassword',
    ]);
  });
});

describe('a password on the network', () => {
  const remote = (...lines: string[]): string[] =>
    faultsOf([
      'directory:',
      '  base: dc=example',
      '  bindDn: cn=service',
      '  bindPasswordFd: 3',
      ...lines.map((line) => `  ${line}`),
      ...SCRIPT,
    ]);

  it.each([
    ['ldap://ldap.example.org', 'startTls: true'],
    ['ldap://ldap.example.org', 'allowPlaintext: true'],
    ['ldaps://ldap.example.org', 'startTls: false'],
    ['ldap://127.0.0.53', 'startTls: false'],
    ['ldap://[::1]', 'startTls: false'],
    ['ldapi://%2Frun%2Fldapi', 'startTls: false'],
    ['[ldap://ldap.example.org, ldaps://ldap.example.org]', 'startTls: true'],
  ])('is safe at %s with %s', (url, setting) => {
    expect(remote(`url: ${url}`, setting)).toEqual([]);
  });

  it.each([
    'ldap://ldap.example.org',
    '[ldaps://a.example.org, ldap://ldap.example.org]',
    'ldap://LDAP.example.org:3890',
  ])('is refused at %s', (url) => {
    expect(remote(`url: ${url}`)).toEqual([
      'line 5: directory.url: given ldap://ldap.example.org without encryption, expected startTls: true or ldaps://, because otherwise a password would be sent unencrypted (directory.allowPlaintext: true allows that)',
    ]);
  });

  it('is not startTls where nothing is to be encrypted by it', () => {
    expect(remote('url: [ldaps://ldap.example.org, ldapi:///]', 'startTls: true')).toEqual([
      'line 6: directory.startTls: given true, expected false, because no URL is an ldap:// URL: ldaps:// is already encrypted, and ldapi:// stays on the host',
    ]);
  });
});

const DURATION = 'such as 30s (ms, s, m, h or d)';
const ARGUMENTS = 'expected a list of a program and its arguments, such as [/usr/local/sbin/program, --option]';
const ADDRESS =
  'expected an address such as 127.0.0.1:9465, [::1]:9465 or unix:/run/prov-backup-rsnapshot/operator.sock, or a list of these, or null';

const LAYOUT = 'expected names with / between them, the last one {uid}, such as */*/{uid}';

describe('the other settings', () => {
  it.each([
    ['timeout: 10 minutes', `script.timeout: given "10 minutes", expected a duration from 100ms to 7d, ${DURATION}`],
    ['timeout: 8d', `script.timeout: given "8d", expected a duration from 100ms to 7d, ${DURATION}`],
    ['timeout:', `script.timeout is not set; expected a duration from 100ms to 7d, ${DURATION}`],
    ['launcher: perl', 'script.launcher: given "perl", expected auto or none'],
    [
      'homeRoot: home',
      'script.homeRoot: given "home", expected an absolute path, such as /etc/prov-backup-rsnapshot/file, or null; it does not begin with /',
    ],
    ['homeLayout: "*/*"', `script.homeLayout: given "*/*", ${LAYOUT}; it does not end with {uid}`],
    ['homeLayout: ".x/{uid}"', `script.homeLayout: given ".x/{uid}", ${LAYOUT}; a name begins with a dot`],
    ['homeLayout: "a*/{uid}"', `script.homeLayout: given "a*/{uid}", ${LAYOUT}`],
    ['homeLayout: "/{uid}"', `script.homeLayout: given "/{uid}", ${LAYOUT}`],
    ['homeLayout: "{uid}/{uid}"', `script.homeLayout: given "{uid}/{uid}", ${LAYOUT}`],
    [
      'perMode: { add: /bin/add }',
      `script.perMode.add: given "/bin/add", ${ARGUMENTS}, or null; no shell is used to split a line: write it as a list`,
    ],
    ['perMode: { add: [] }', `script.perMode.add: given the list [], ${ARGUMENTS}, or null; the list is empty`],
    [
      'perMode: { delete: [rm, 7] }',
      `script.perMode.delete: given the list ["rm",7], ${ARGUMENTS}, or null; write numbers, true and false in quotes`,
    ],
    ['perMode: { remove: [x] }', `script.perMode.remove: given an unknown key, expected one of ${MODES.join(', ')}`],
  ])('%s is a fault of the section script', (line, fault) => {
    expect(withScript(line)).toEqual([`line 6: ${fault}`]);
  });

  it.each(['quota', 'rsnapshot'])('%s without a folder for the homes is a fault', (section) => {
    const fault = `the folder below which all homes are, because ${section}.enabled is true: root changes files at the path in an entry`;
    expect(withLines(`${section}: { enabled: true }`)).toEqual([
      `line 4: script.homeRoot is not set; expected ${fault}`,
    ]);
  });

  it.each([
    ['timeZone: Zürich', 'timeZone: given "Zürich", expected a time zone such as Europe/Zurich or UTC'],
    ['concurrency: "8"', 'concurrency: given "8", expected a whole number from 1 to 1000'],
    ['concurrency: 1.5', 'concurrency: given 1.5, expected a whole number from 1 to 1000'],
    [
      'quota: { enabled: yes }',
      'quota.enabled: given "yes", expected true or false; yes and no are not booleans in YAML 1.2',
    ],
    ['quota: { softRatio: 1.2 }', 'quota.softRatio: given 1.2, expected a number above 0 and up to 1'],
    [
      'accounts: { lowestUidNumber: -1 }',
      'accounts.lowestUidNumber: given -1, expected a whole number from 0 to 4294967294',
    ],
    ['quota: { softFiles: 9, hardFiles: 8 }', 'quota.softFiles: given 9, expected at most quota.hardFiles, which is 8'],
    [
      'rsnapshot: { mode: 0640 }',
      'rsnapshot.mode: given 640, expected permissions in quotes, such as "0640"; YAML reads it as a decimal number without the quotes',
    ],
    ['rsnapshot: { mode: "0888" }', 'rsnapshot.mode: given "0888", expected permissions in quotes, such as "0640"'],
    ['reconnect: { initial: 1m }', 'reconnect.initial: given "1m", expected at most reconnect.max, which is 30s'],
    ['reconnect: { max: 10ms }', 'reconnect.initial is not set; expected at most reconnect.max, which is 10ms'],
    [
      'attributes: { mode: "a b" }',
      'attributes.mode: given "a b", expected the name of an attribute such as sstProvisioningMode',
    ],
    [
      'attributes: { date: [] }',
      'attributes.date: given the list [], expected the name of an attribute such as sstProvisioningMode, or a list of these; the list is empty',
    ],
    [
      'attributes: { state: SSTPROVISIONINGMODE }',
      'attributes.state: given "SSTPROVISIONINGMODE", expected another name, because attributes.mode already has this name',
    ],
    ['log: { level: verbose }', 'log.level: given "verbose", expected error, warn, info or debug'],
    [
      'canary: { dn: "uid=canary,dc=elsewhere" }',
      'canary.dn: given "uid=canary,dc=elsewhere", expected an entry below directory.base, which is dc=example,dc=org',
    ],
    ['operator: { listen: 9465 }', `operator.listen: given 9465, ${ADDRESS}; the host is missing: 127.0.0.1:9465?`],
    ['operator: { listen: localhost }', `operator.listen: given "localhost", ${ADDRESS}; the port is missing`],
    ['operator: { listen: [] }', `operator.listen: given the list [], ${ADDRESS}; the list is empty`],
    [
      'operator: { listen: ["127.0.0.1:1", "unix:x"] }',
      `operator.listen: given the list ["127.0.0.1:1","unix:x"], ${ADDRESS}; number 2: the path of the socket must be absolute`,
    ],
    [
      'operator: { listen: ["127.0.0.1:1", "127.0.0.1:1"] }',
      `operator.listen: given the list ["127.0.0.1:1","127.0.0.1:1"], ${ADDRESS}; 127.0.0.1:1 occurs twice`,
    ],
    [
      'operator: { listen: ["127.0.0.1:1", "0.0.0.0:9465"] }',
      'operator.listen: given the list ["127.0.0.1:1","0.0.0.0:9465"], expected a loopback address or a Unix socket, because every user who can reach the address may read (operator.allowRemote: true allows it)',
    ],
    [
      'operator: { listen: "0.0.0.0:9465" }',
      'operator.listen: given "0.0.0.0:9465", expected a loopback address or a Unix socket, because every user who can reach the address may read (operator.allowRemote: true allows it)',
    ],
  ])('%s is a fault', (line, fault) => {
    expect(withLines(line)).toEqual([`line 6: ${fault}`]);
  });

  it('includes what several services need', () => {
    const needs = faultsOf([
      ...DIRECTORY,
      ...SCRIPT,
      '  launcher: none',
      'instances: several',
      'attributes: { returnValue: null }',
    ]);
    expect(needs).toEqual([
      'leases.base is not set; expected the entry below which the leases of the services are, because instances is several',
      'line 6: script.launcher: given "none", expected auto, because instances is several: only the launcher ends a script in time if the service is blocked',
      'line 8: attributes.returnValue is not set; expected the name of an attribute, because instances is several: without it a failed account looks like an account in work',
    ]);
  });

  it.each(['127.0.0.1:0', '"[::1]:9465"', 'unix:/run/x.sock', 'localhost:9465', '["127.0.0.1:1", unix:/run/x.sock]'])(
    'let the operator listen at %s',
    (listen) => {
      expect(withLines(`operator: { listen: ${listen} }`)).toEqual([]);
    },
  );

  it('let the operator listen elsewhere where that is said', () => {
    expect(withLines('operator: { listen: "0.0.0.0:9465", allowRemote: true }')).toEqual([]);
  });
});

describe('log.syslog', () => {
  const syslogOf = (value: string) =>
    parseConfig([...DIRECTORY, ...SCRIPT, `log: { syslog: ${value} }`].join('\n'), {}, 'f').log.syslog;

  it('is an address, alone or with its facility', () => {
    expect(syslogOf('/dev/log')).toEqual({
      address: { kind: 'unix', path: '/dev/log' },
      facility: 'local0',
      protocol: 'auto',
    });
    expect(syslogOf('{ address: "udp://[::1]:5140", facility: daemon, protocol: local }')).toEqual({
      address: { kind: 'udp', host: '::1', port: 5140 },
      facility: 'daemon',
      protocol: 'local',
    });
    expect(syslogOf('tcp://log.example.org')).toEqual({
      address: { kind: 'tcp', host: 'log.example.org', port: 601 },
      facility: 'local0',
      protocol: 'auto',
    });
  });

  it.each([
    ['dev/log', ''],
    ['{ facility: local0 }', '; the address is missing'],
    [
      '{ address: /dev/log, facility: local9 }',
      '; the facility must be one of daemon, user, local0, local1, local2, local3, local4, local5, local6, local7',
    ],
    ['{ address: /dev/log, port: 4 }', '; "port" is unknown'],
    ['{ address: /dev/log, protocol: tls }', '; the protocol must be one of auto, rfc5424, local'],
    ['tcp://host:0', '; a port is a number from 1 to 65535'],
  ])('is not %s', (value, hint) => {
    const faults = withLines(`log: { syslog: ${value} }`);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(
      /^line 6: log\.syslog: given .*, expected \/dev\/log, udp:\/\/HOST:PORT or tcp:\/\/HOST:PORT, alone or as \{ address: \/dev\/log, facility: local0 \}, or null/,
    );
    expect(faults[0]?.endsWith(`or null${hint}`)).toBe(true);
  });
});
