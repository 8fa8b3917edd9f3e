import { defined } from '../../src/domain/defined.ts';
import { isLoopbackHost } from '../../src/domain/loopback.ts';
import { nearestWord } from '../kinds/nearest.ts';
import { PERL_KEYS } from './perl-keys.ts';
import { mailOf } from './perl-mail.ts';
import { type PerlSetting, type Remark, Values } from './perl-values.ts';
import { accountFilter } from './search-filter.ts';

export interface ImportOptions {
  /** The settings of the service's own file and of the global one. The own ones win. */
  readonly own: readonly PerlSetting[];
  readonly global: readonly PerlSetting[];
  /** The script, which the files do not name. */
  readonly script: string | undefined;
  /** Where the passwords of the directory and of the mail server will be. */
  readonly passwordFile: string;
  readonly mailPasswordFile: string;
}

export interface Imported {
  /** The settings as in a configuration file. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly password: PerlSetting | undefined;
  readonly mailPassword: PerlSetting | undefined;
  /** In the order of the files. */
  readonly remarks: readonly Remark[];
}

/** Where the script is assumed to be if nobody says where. */
const PLACE_OF_SCRIPT = '/usr/local/sbin/create-chroot.sh';

/** Translates the configuration of the Perl daemon. Pure. */
export function importPerl({ own, global, script, passwordFile, mailPasswordFile }: ImportOptions): Imported {
  const remarks: Remark[] = [];
  const values = new Values(own, global, remarks);
  for (const setting of [...own, ...global]) remarks.push(...remarkOn(setting));
  refuseOthers(values);
  const settings = {
    directory: directoryOf(values, passwordFile),
    script: { command: commandOf(values, script) },
    ...logOf(values),
    ...mailOf(values, mailPasswordFile),
  };
  const steps =
    'script.homeRoot, quota.enabled, rsnapshot.enabled: left out; set them where the service and not the script is to do that';
  values.missing(steps, 'note');
  return {
    settings,
    password: values.get('Database', 'ADMIN_PASSWORD'),
    mailPassword: values.get('Mail', 'USERNAME') === undefined ? undefined : values.get('Mail', 'PASSWORD'),
    remarks: inOrder(remarks, [...own, ...global]),
  };
}

/** What there is to say about a setting by its name alone. */
function remarkOn(setting: PerlSetting): Remark[] {
  const { section, key } = setting;
  const known = Object.hasOwn(PERL_KEYS, section) ? PERL_KEYS[section] : undefined;
  if (known === undefined) {
    const similar = nearestWord(section, Object.keys(PERL_KEYS));
    const guess = similar === undefined ? '' : `; [${similar}] is known`;
    const words = `unknown section${guess}: what it says of script, quota or rsnapshot belongs to the keys script, quota, rsnapshot`;
    return [{ setting, kind: 'todo', words }];
  }
  const why = Object.hasOwn(known, key) ? known[key] : undefined;
  if (why === undefined) {
    const similar = nearestWord(key, Object.keys(known));
    return [
      { setting, kind: 'todo', words: similar === undefined ? 'unknown key' : `unknown key; ${similar} is known` },
    ];
  }
  return why === null ? [] : [{ setting, kind: 'note', words: `no counterpart: ${why}` }];
}

/** Refuses what the Perl daemon did and this service does not. */
function refuseOthers(values: Values): void {
  const expected = [
    ['Database', 'BACKEND', 'LDAP', 'the service works from a directory only'],
    ['Service', 'MODUS', 'selfcare', 'only selfcare works by the sst attributes'],
    ['Service', 'SERVICE', 'Backup', 'it is the configuration of another daemon'],
    ['Service', 'TYPE', 'Rsnapshot', 'it is the configuration of another daemon'],
  ] as const;
  for (const [section, key, word, why] of expected) {
    const given = values.get(section, key);
    if (given !== undefined && given.value !== word) values.remark(given, 'refused', `not ${word}: ${why}`);
  }
}

function directoryOf(values: Values, bindPasswordFile: string): Readonly<Record<string, unknown>> {
  const base = values.get('Database', 'SERVICE_SUBTREE');
  if (base === undefined)
    values.missing('directory.base: [Database] SERVICE_SUBTREE is missing (--global?)', 'refused');
  const bindDn = values.get('Database', 'ADMIN_USER');
  const password = values.get('Database', 'ADMIN_PASSWORD');
  if (bindDn !== undefined) {
    const where = `${bindPasswordFile}, mode 0600`;
    if (password === undefined) values.missing(`directory.bindPasswordFile: put the password into ${where}`, 'todo');
  } else if (password !== undefined)
    values.remark(password, 'todo', 'it has no ADMIN_USER: the bind will be anonymous');
  return {
    ...urlOf(values),
    ...(bindDn === undefined ? {} : { bindDn: bindDn.value, bindPasswordFile }),
    base: base?.value,
    ...filterOf(values),
  };
}

function urlOf(values: Values): Readonly<Record<string, unknown>> {
  const server = values.get('Database', 'SERVER');
  const port = values.get('Database', 'PORT');
  if (server === undefined) {
    values.missing('directory.url: [Database] SERVER is missing (--global?)', 'refused');
    return {};
  }
  const host = /^[0-9a-f]*:[0-9a-f:.]*$/i.test(server.value) ? `[${server.value}]` : server.value;
  if (port?.value === '636') return { url: `ldaps://${host}` };
  const url = port === undefined || port.value === '389' ? `ldap://${host}` : `ldap://${host}:${port.value}`;
  if (isLoopbackHost(server.value) || values.get('Database', 'ADMIN_USER') === undefined) return { url };
  values.remark(server, 'todo', 'directory.startTls is true, as the password must not cross the network readable');
  return { url, startTls: true };
}

function filterOf(values: Values): Readonly<Record<string, unknown>> {
  const written = values.get('Database', 'SEARCH_FILTER');
  if (written === undefined) return {};
  const filter = accountFilter(written.value);
  if (filter === null) {
    values.remark(written, 'todo', 'it cannot be taken apart: set directory.filter to what selects the accounts');
    return {};
  }
  return defined({ filter });
}

function commandOf(values: Values, script: string | undefined): readonly string[] {
  if (script === undefined) {
    const words = `script.command: which script the daemon called is not known: correct ${PLACE_OF_SCRIPT}, or give --script`;
    values.missing(words, 'todo');
  }
  const file = script ?? PLACE_OF_SCRIPT;
  const transport = values.get('Service', 'TRANSPORTAPI');
  if (transport === undefined || transport.value === 'LocalCLI') {
    const unused = ['HOST', 'USER', 'DSA_FILE'].map((name) => values.get('Gateway', name));
    for (const setting of unused) if (setting !== undefined) values.remark(setting, 'note', 'not used without CLISSH');
    return [file];
  }
  if (transport.value !== 'CLISSH') {
    values.remark(transport, 'todo', 'neither LocalCLI nor CLISSH: see to script.command');
    return [file];
  }
  const [host, user, key] = ['HOST', 'USER', 'DSA_FILE'].map((name) => values.get('Gateway', name)?.value);
  if (host === undefined)
    values.missing('script.command: [Gateway] HOST is missing, on which the script runs', 'refused');
  values.remark(
    transport,
    'todo',
    'script.command runs the script by ssh: try it, and have it exit 75 where the host is away',
  );
  const identity = key === undefined ? [] : ['-i', key];
  const target = user === undefined ? `${host}` : `${user}@${host}`;
  return ['/usr/bin/ssh', '-o', 'BatchMode=yes', ...identity, '--', target, file, '{mode}', '{uid}'];
}

const LEVELS = [
  ['LOG_DEBUG', 'debug'],
  ['LOG_INFO', 'info'],
  ['LOG_WARNING', 'warn'],
  ['LOG_ERR', 'error'],
] as const;

function logOf(values: Values): Readonly<Record<string, unknown>> {
  const given = LEVELS.flatMap(([key, level]) => {
    const setting = values.get('Global', key);
    if (setting === undefined) return [];
    if (!/^[01]$/.test(setting.value)) values.remark(setting, 'todo', 'neither 0 nor 1: see to log.level');
    return [{ setting, level }];
  });
  if (given.length === 0) return {};
  const on = given.filter(({ setting }) => setting.value === '1');
  const level = on[0]?.level ?? 'error';
  const off = given.filter(({ setting }) => setting.value === '0');
  for (const { setting, level: silent } of off) {
    if (LEVELS.findIndex(([, each]) => each === silent) >= LEVELS.findIndex(([, each]) => each === level))
      values.remark(setting, 'note', `log.level ${level} has what is more important, too`);
  }
  return { log: { level, syslog: { address: '/dev/log', facility: 'local0' } } };
}

/** By place in the files; what is missing comes last. */
function inOrder(remarks: readonly Remark[], settings: readonly PerlSetting[]): readonly Remark[] {
  const place = ({ setting }: Remark) => (setting === undefined ? settings.length : settings.indexOf(setting));
  return [...remarks].sort((one, other) => place(one) - place(other));
}
