import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASE, LEASES, PROVISIONING_ATTRIBUTES, SERVICE_DN, SUFFIX, treeLdif } from './accounts.ts';
import { attempt, execute, exited, hasExited } from './children.ts';
import { acceptsBind, startProcess } from './directory-process.ts';
import { freePort } from './free-port.ts';
import type { ServerTls } from './slapd-config.ts';
import { bind, TestDirectory } from './test-directory.ts';

export interface Directory389Options {
  /** The size limit of the bind account. Default: 'unlimited'. 'server' keeps 389's own 2000. */
  readonly sizeLimit?: number | 'unlimited' | 'server';
  /** Whether the bind account may write the sstProvisioning attributes. Default: true. */
  readonly mayWrite?: boolean;
  /** Whether the server offers RFC 4533. Default: true. Otherwise it has only persistent search. */
  readonly syncrepl?: boolean;
  /** With it the server also offers StartTLS and listens for ldaps://. */
  readonly tls?: ServerTls;
  /**
   * The DN to which root is mapped over ldapi://; null: root is not mapped. Default: there is no
   * ldapi://.
   */
  readonly ldapi?: string | null;
  /** The attribute by which the subject of a client certificate names its entry. Default: none. */
  readonly certmap?: string;
}

const MANAGER = 'cn=Directory Manager';
const PASSWORD = 'manager-secret';
const SCHEMA = '99stoney-backup.ldif';
/**
 * By default the server maps cache files of a quarter of the memory of the host. On a full disk it
 * would end by SIGBUS.
 */
const SMALL_CACHES = { 'nsslapd-cache-autosize': '0', 'nsslapd-dbcachesize': '4000000' };

/**
 * Lets the tests of a group be repeated once if their 389-ds has ended by itself, because that says
 * nothing about the service. Each test has to call `assertRunning` at its end.
 */
export const RETRIED_AFTER_CRASH = { retry: { count: 1, condition: /^ns-slapd has ended by itself/ } };

/**
 * A real 389-ds instance with a name of its own in the system's folders, on a port of 127.0.0.1
 * that stays the same over restarts. Needs root.
 *
 *   halted  -> running    start, restart
 *   running -> halted     halt, kill9: its data is kept
 *   running -> running    the server ended by itself; this is reported, and it is started again
 *   any     -> removed    remove
 */
export class Directory389 extends TestDirectory {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  /** 0 without TLS. */
  readonly securePort: number;
  readonly ldapsUrl: string;
  readonly ldapiUrl: string;
  #child: ChildProcess | undefined;
  #output = () => '';
  #ending = false;
  /** How the server has ended by itself. */
  #crash: string | undefined;
  #recovery: Promise<unknown> = Promise.resolve();

  constructor(name: string, port: number, securePort = 0) {
    const url = `ldap://127.0.0.1:${port}`;
    super({ url, dn: MANAGER, password: PASSWORD });
    this.name = name;
    this.port = port;
    this.url = url;
    this.securePort = securePort;
    this.ldapsUrl = `ldaps://127.0.0.1:${securePort}`;
    this.ldapiUrl = `ldapi://${encodeURIComponent(`/run/slapd-${name}.socket`)}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the server on its data. Resolves when it accepts a bind. */
  async start(): Promise<void> {
    await makeRunFolders(this.name);
    const args = ['-D', `/etc/dirsrv/slapd-${this.name}`, '-i', pidFile(this.name), '-d', '0'];
    const { child, output } = startProcess('ns-slapd', args);
    this.#child = child;
    this.#output = output;
    this.#ending = false;
    await acceptsBind(child, this.login, {
      name: 'ns-slapd',
      milliseconds: 60_000,
      said: () => this.#errorLog(),
    });
    child.once('exit', (code, signal) => {
      if (this.#ending) return;
      this.#recovery = this.#recover(signal ?? `exit code ${code}`);
      this.#recovery.catch(() => {}); // the caller that awaits it gets the error
    });
  }

  /** Rejects once after the server has ended by itself, as soon as it runs again. */
  async assertRunning(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#ending) return;
    const refusal: unknown = await bind(this.login).then(
      (client) => client.destroy(),
      (error: unknown) => error,
    );
    // The connections of the server end some time before its process does.
    if (refusal !== undefined && this.#crash === undefined) await exited(child);
    const how = this.#crash;
    if (how === undefined) return;
    await this.#recovery;
    this.#crash = undefined;
    throw new Error(`ns-slapd has ended by itself, by ${how}`);
  }

  async #recover(how: string): Promise<void> {
    this.#crash = how;
    console.error(`ns-slapd has ended by itself, by ${how}, and is started again: ${await this.#errorLog()}`);
    await this.start();
  }

  /** Stops the server cleanly and keeps its data. */
  async halt(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  /** Continues the process after SIGSTOP. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Changes existing attributes of an entry below cn=config, while the server is halted. */
  async configure(dn: string, replacements: Readonly<Record<string, string>>): Promise<void> {
    const file = `/etc/dirsrv/slapd-${this.name}/dse.ldif`;
    const text = (await readFile(file, 'utf8')).replace(/\n /g, '');
    const records = text.split('\n\n').map((record) => {
      if (!record.toLowerCase().startsWith(`dn: ${dn.toLowerCase()}\n`)) return record;
      const names = Object.keys(replacements).map((name) => `${name.toLowerCase()}:`);
      const kept = record.split('\n').filter((line) => !names.some((name) => line.toLowerCase().startsWith(name)));
      return [...kept, ...Object.entries(replacements).map(([name, value]) => `${name}: ${value}`)].join('\n');
    });
    await writeFile(file, records.join('\n\n'));
  }

  /** Changes the identities that SASL EXTERNAL yields, and starts the server again. */
  async reconfigure(options: Pick<Directory389Options, 'ldapi' | 'certmap'>): Promise<void> {
    await this.halt();
    await this.configureExternal(options);
    await this.start();
  }

  /** Does the same as `reconfigure` while the server is halted. */
  async configureExternal({ ldapi, certmap }: Pick<Directory389Options, 'ldapi' | 'certmap'>): Promise<void> {
    await this.configure('cn=config', {
      'nsslapd-ldapilisten': ldapi === undefined ? 'off' : 'on',
      'nsslapd-ldapifilepath': `/run/slapd-${this.name}.socket`,
      'nsslapd-ldapiautobind': ldapi === null ? 'off' : 'on',
      ...(typeof ldapi === 'string' ? { 'nsslapd-ldapimaprootdn': ldapi } : {}),
    });
    if (certmap === undefined) return;
    const lines = ['certmap default default', 'default:DNComps', `default:FilterComps ${certmap}`];
    const text = [...lines, 'default:verifycert off', ''].join('\n');
    await writeFile(`/etc/dirsrv/slapd-${this.name}/certmap.conf`, text);
  }

  /** Installs certificate, key and authority, while the server is halted. */
  async configureTls({ caFile, certFile, keyFile }: ServerTls): Promise<void> {
    const database = `/etc/dirsrv/slapd-${this.name}`;
    const passwordFile = `${database}/pwdfile.txt`;
    const folder = await mkdtemp(join(tmpdir(), 'pkcs12-'));
    try {
      const bundle = join(folder, 'bundle');
      const files = ['-in', certFile, '-inkey', keyFile, '-name', 'Server-Cert', '-out', bundle];
      await execute('openssl', ['pkcs12', '-export', ...files, '-passout', 'pass:bundle']);
      await execute('pk12util', ['-i', bundle, '-d', database, '-k', passwordFile, '-W', 'bundle']);
      const authority = ['-n', 'test-ca', '-t', 'CT,,', '-a', '-i', caFile];
      await execute('certutil', ['-A', '-d', database, '-f', passwordFile, ...authority]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    await this.configure('cn=config', {
      'nsslapd-security': 'on',
      'nsslapd-secureport': String(this.securePort),
      'nsslapd-securelistenhost': '127.0.0.1',
    });
    await this.configure('cn=encryption,cn=config', { nsSSLClientAuth: 'allowed' });
  }

  /** Ends the server and removes all its files. */
  async remove(): Promise<void> {
    await this.disconnect();
    await this.kill9();
    await removeInstance(this.name);
  }

  async #errorLog(): Promise<string> {
    const log = await readFile(`/var/log/dirsrv/slapd-${this.name}/errors`, 'utf8').catch(String);
    return `${this.#output()}\n${log.slice(-2_000)}`;
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#recovery.catch(() => {});
    const child = this.#child;
    if (child === undefined) return;
    this.#ending = true;
    if (!hasExited(child)) child.kill(signal);
    await exited(child);
    this.#child = undefined;
  }
}

/**
 * Creates and starts an instance with the tests' schema, tree and bind account. It takes some
 * seconds. Call `remove` at the end.
 */
export async function start389(options: Directory389Options = {}): Promise<Directory389> {
  if (process.getuid?.() !== 0) throw new Error('389-ds instances can only be made by root: run the tests as root');
  const name = `test-${randomBytes(4).toString('hex')}`;
  try {
    const port = await freePort();
    await createInstance(name, port);
    const directory = new Directory389(name, port, options.tls === undefined ? 0 : await freePort());
    await copyFile(
      join(import.meta.dirname, '../../config/schema', SCHEMA),
      `/etc/dirsrv/slapd-${name}/schema/${SCHEMA}`,
    );
    await directory.configure('cn=config', { 'nsslapd-listenhost': '127.0.0.1' });
    await directory.configure('cn=bdb,cn=config,cn=ldbm database,cn=plugins,cn=config', SMALL_CACHES);
    await directory.configureExternal(options);
    if (options.tls !== undefined) await directory.configureTls(options.tls);
    if (options.syncrepl !== false) {
      await directory.configure('cn=Content Synchronization,cn=plugins,cn=config', { 'nsslapd-pluginEnabled': 'on' });
      await directory.configure('cn=Retro Changelog Plugin,cn=plugins,cn=config', {
        'nsslapd-pluginEnabled': 'on',
        'nsslapd-attribute': 'nsuniqueid:targetUniqueId',
      });
    }
    await directory.start();
    await fill(directory, options);
    return directory;
  } catch (error) {
    await removeInstance(name);
    throw error;
  }
}

async function fill(directory: Directory389, options: Directory389Options): Promise<void> {
  const { sizeLimit = 'unlimited', mayWrite = true } = options;
  const loaded = await directory.load(treeLdif());
  if (loaded.code !== 0) throw new Error(`the tree could not be loaded: ${loaded.stderr}`);
  const who = `userdn="ldap:///${SERVICE_DN}"`;
  const written = PROVISIONING_ATTRIBUTES.join(' || ');
  await directory.modify(BASE, {
    aci: [
      `(targetattr="*")(version 3.0; acl "read accounts"; allow (read, search, compare) ${who};)`,
      ...(mayWrite ? [`(targetattr="${written}")(version 3.0; acl "provision"; allow (write) ${who};)`] : []),
    ],
  });
  await directory.modify(LEASES, {
    aci: `(targetattr="*")(version 3.0; acl "leases"; allow (read, search, compare, add, write) ${who};)`,
  });
  if (sizeLimit === 'server') return;
  await directory.modify(SERVICE_DN, {
    nsSizeLimit: sizeLimit === 'unlimited' ? '-1' : String(sizeLimit),
    nsLookThroughLimit: '-1',
    nsTimeLimit: '-1',
  });
}

/**
 * Runs dscreate with our own systemctl first in PATH. It starts and stops ns-slapd on hosts without
 * systemd.
 */
async function createInstance(name: string, port: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dscreate-'));
  try {
    await writeFile(join(folder, 'systemctl'), systemctl(port));
    await chmod(join(folder, 'systemctl'), 0o755);
    await writeFile(
      join(folder, 'instance.inf'),
      [
        '[general]',
        'config_version = 2',
        'full_machine_name = localhost',
        'strict_host_checking = False',
        'start = True',
        '[slapd]',
        `instance_name = ${name}`,
        `port = ${port}`,
        'self_sign_cert = False',
        `root_password = ${PASSWORD}`,
        '[backend-userroot]',
        `suffix = ${SUFFIX}`,
        'sample_entries = no',
        '',
      ].join('\n'),
    );
    await makeRunFolders(name);
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
    await execute('dscreate', ['from-file', join(folder, 'instance.inf')], { env });
    await execute('systemctl', ['stop', `dirsrv@${name}`], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeInstance(name: string): Promise<void> {
  await endLeftover(name);
  const paths = [
    `/etc/dirsrv/slapd-${name}`,
    `/etc/dirsrv/slapd-${name}.removed`,
    `/var/lib/dirsrv/slapd-${name}`,
    `/var/log/dirsrv/slapd-${name}`,
    `/var/lock/dirsrv/slapd-${name}`,
    `/run/dirsrv/slapd-${name}`,
    `/run/slapd-${name}.socket`,
    `/run/dirsrv/slapd-${name}.stats`,
    `/etc/tmpfiles.d/dirsrv-${name}.conf`,
    `/etc/systemd/system/dirsrv.target.wants/dirsrv@${name}.service`,
    pidFile(name),
  ];
  await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })));
}

/** Ends a server that dscreate has started, and left. */
async function endLeftover(name: string): Promise<void> {
  const pid = (await readFile(pidFile(name), 'utf8').catch(() => '')).trim();
  const command = pid === '' ? '' : await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (command.includes(`slapd-${name}\0`)) await attempt('kill', ['-9', pid]);
}

async function makeRunFolders(name: string): Promise<void> {
  for (const folder of ['/run/dirsrv', '/run/lock/dirsrv', `/run/lock/dirsrv/slapd-${name}`]) {
    await mkdir(folder, { recursive: true });
    await execute('chown', ['dirsrv:dirsrv', folder]);
  }
}

function pidFile(name: string): string {
  return `/run/dirsrv/slapd-${name}.pid`;
}

function systemctl(port: number): string {
  return `#!/bin/sh
for unit; do :; done
name=\${unit#dirsrv@}
pidfile=/run/dirsrv/slapd-$name.pid
running() {
  pid=$(cat "$pidfile" 2>/dev/null) && kill -0 "$pid" 2>/dev/null && ! grep -q ') Z' "/proc/$pid/stat"
}
case $1 in
  start)
    ns-slapd -D "/etc/dirsrv/slapd-$name" -i "$pidfile" </dev/null >/dev/null 2>&1 || exit 1
    tries=0
    until ldapsearch -x -H ldap://127.0.0.1:${port} -s base -b '' >/dev/null 2>&1; do
      tries=$((tries + 1))
      [ $tries -lt 600 ] || exit 1
      sleep 0.1
    done ;;
  stop)
    running && kill "$pid"
    while running; do sleep 0.05; done ;;
  is-active) running ;;
esac
`;
}
