import { defined } from '../../src/domain/defined.ts';
import { isLoopbackHost } from '../../src/domain/loopback.ts';
import { nearestWord } from '../kinds/nearest.ts';
import { PERL_KEYS } from './perl-keys.ts';
import { mailOf } from './perl-mail.ts';
import { type PerlSetting, type Remark, Values } from './perl-values.ts';
import { accountFilter } from './search-filter.ts';

export interface ImportOptions {
  /**
   * The settings of the file of the daemon and of the global file. Those of the daemon take
   * precedence.
   */
  readonly own: readonly PerlSetting[];
  readonly global: readonly PerlSetting[];
  /** The script, because the files do not name it. */
  readonly script: string | undefined;
  /** The files in which the passwords of the directory and of the mail server will be. */
  readonly passwordFile: string;
  readonly mailPasswordFile: string;
}

export interface Imported {
  /** The settings as in a configuration file. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly password: PerlSetting | undefined;
  readonly mailPassword: PerlSetting | undefined;
  /** The remarks in the order of the files. */
  readonly remarks: readonly Remark[];
}

/** The path of the script that is assumed if none is given. */
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
    'script.homeRoot, quota.enabled, rsnapshot.enabled: left out; set them if the service is to do that instead of the script';
  values.missing(steps, 'note');
  return {
    settings,
    password: values.get('Database', 'ADMIN_PASSWORD'),
    mailPassword: values.get('Mail', 'USERNAME') === undefined ? undefined : values.get('Mail', 'PASSWORD'),
    remarks: inOrder(remarks, [...own, ...global]),
  };
}

/** The remarks about a setting that depend only on its name. */
function remarkOn(setting: PerlSetting): Remark[] {
  const { section, key } = setting;
  const known = Object.hasOwn(PERL_KEYS, section) ? PERL_KEYS[section] : undefined;
  if (known === undefined) {
    const similar = nearestWord(section, Object.keys(PERL_KEYS));
    const guess = similar === undefined ? '' : `; [${similar}] is known`;
    const words = `unknown section${guess}: settings of the script, the quota or rsnapshot belong to the keys script, quota, rsnapshot`;
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

/** Refuses configurations of functions that this service does not have. */
function refuseOthers(values: Values): void {
  const expected = [
    ['Database', 'BACKEND', 'LDAP', 'the service works only with a directory'],
    ['Service', 'MODUS', 'selfcare', 'only selfcare uses the sst attributes'],
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
    values.remark(password, 'todo', 'ADMIN_USER is missing: the bind will be anonymous');
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
  values.remark(server, 'todo', 'directory.startTls is true, because the password must not be sent unencrypted');
  return { url, startTls: true };
}

function filterOf(values: Values): Readonly<Record<string, unknown>> {
  const written = values.get('Database', 'SEARCH_FILTER');
  if (written === undefined) return {};
  const filter = accountFilter(written.value);
  if (filter === null) {
    values.remark(
      written,
      'todo',
      'it cannot be translated: set directory.filter to a filter that selects the accounts',
    );
    return {};
  }
  return defined({ filter });
}

function commandOf(values: Values, script: string | undefined): readonly string[] {
  if (script === undefined) {
    const words = `script.command: the files do not name the script of the daemon: correct ${PLACE_OF_SCRIPT}, or give --script`;
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
    values.remark(transport, 'todo', 'neither LocalCLI nor CLISSH: set script.command');
    return [file];
  }
  const [host, user, key] = ['HOST', 'USER', 'DSA_FILE'].map((name) => values.get('Gateway', name)?.value);
  if (host === undefined)
    values.missing('script.command: [Gateway] HOST, the host on which the script runs, is missing', 'refused');
  values.remark(
    transport,
    'todo',
    'script.command runs the script by ssh: test it, and make it exit with 75 if the host is unreachable',
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
    if (!/^[01]$/.test(setting.value)) values.remark(setting, 'todo', 'neither 0 nor 1: set log.level');
    return [{ setting, level }];
  });
  if (given.length === 0) return {};
  const on = given.filter(({ setting }) => setting.value === '1');
  const level = on[0]?.level ?? 'error';
  const off = given.filter(({ setting }) => setting.value === '0');
  for (const { setting, level: silent } of off) {
    if (LEVELS.findIndex(([, each]) => each === silent) >= LEVELS.findIndex(([, each]) => each === level))
      values.remark(setting, 'note', `log.level ${level} includes more important lines`);
  }
  return { log: { level, syslog: { address: '/dev/log', facility: 'local0' } } };
}

/** Sorts the remarks by their place in the files. Remarks about missing settings come last. */
function inOrder(remarks: readonly Remark[], settings: readonly PerlSetting[]): readonly Remark[] {
  const place = ({ setting }: Remark) => (setting === undefined ? settings.length : settings.indexOf(setting));
  return [...remarks].sort((one, other) => place(one) - place(other));
}
