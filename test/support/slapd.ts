import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SUFFIX, treeLdif } from './accounts.ts';
import { execute, exited, hasExited } from './children.ts';
import { acceptsBind, startProcess } from './directory-process.ts';
import { freePort } from './free-port.ts';
import { frontConfig, ROOT_DN, ROOT_PASSWORD, type SlapdOptions, slapdConfig } from './slapd-config.ts';
import { TestDirectory } from './test-directory.ts';

/**
 * A real slapd in a temporary folder, on ports of 127.0.0.1 that stay the same over restarts.
 * States: running, halted (with its data), stopped (without its folder).
 */
export class Slapd extends TestDirectory {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  /** 0 without TLS. */
  readonly ldapsPort: number;
  readonly ldapsUrl: string;
  readonly ldapiUrl: string;
  readonly #listeners: string;
  #child: ChildProcess | undefined;
  #output = () => '';

  constructor(folder: string, port: number, tlsPort: number | undefined, alsoAt: readonly string[] = []) {
    const url = `ldap://127.0.0.1:${port}`;
    super({ url, dn: ROOT_DN, password: ROOT_PASSWORD });
    this.folder = folder;
    this.port = port;
    this.url = url;
    this.ldapsPort = tlsPort ?? 0;
    this.ldapsUrl = `ldaps://127.0.0.1:${this.ldapsPort}`;
    this.ldapiUrl = `ldapi://${encodeURIComponent(join(folder, 'ldapi'))}`;
    const tls = tlsPort === undefined ? [] : [`${this.ldapsUrl}/`];
    const also = alsoAt.map((address) => `ldap://${address}:${port}/`);
    this.#listeners = [`${url}/`, `${this.ldapiUrl}/`, ...also, ...tls].join(' ');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The output of slapd since its start. */
  get output(): string {
    return this.#output();
  }

  /** Starts slapd on its data. Resolves when it accepts a bind. */
  async start(): Promise<void> {
    const args = ['-d', 'none', '-f', join(this.folder, 'slapd.conf'), '-h', this.#listeners];
    const { child, output } = startProcess('slapd', args);
    this.#child = child;
    this.#output = output;
    await acceptsBind(child, this.login, { name: 'slapd', milliseconds: 20_000, said: output });
  }

  /** Stops slapd cleanly and keeps its data. */
  async halt(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops slapd if it runs, and starts it again on the same data and ports. */
  async restart(): Promise<void> {
    await this.halt();
    await this.start();
  }

  /**
   * Suspends the process until `resume`: connections stay open and nothing responds. Returns when
   * all threads are stopped.
   */
  pause(): void {
    const { pid } = this;
    if (pid === undefined) return;
    this.#child?.kill('SIGSTOP');
    // Each thread stops in its own time. A thread that still runs could answer one more request.
    const threads = () => readdirSync(`/proc/${pid}/task`);
    const runs = (thread: string) => {
      try {
        return !readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').includes(') T');
      } catch {
        return false; // it has ended
      }
    };
    while (threads().some(runs));
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.disconnect();
    this.resume();
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    if (!hasExited(child)) child.kill(signal);
    await exited(child);
    this.#child = undefined;
  }
}

/**
 * Starts a slapd with the tests' schema, tree and bind account, and what `options` add. Call `stop`
 * at the end.
 */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'slapd-'));
  try {
    await mkdir(join(folder, 'db'));
    await writeFile(join(folder, 'slapd.conf'), slapdConfig(folder, options));
    await fill(folder, options);
    for (let tries = 1; ; tries += 1) {
      const tlsPort = options.tls === undefined ? undefined : await freePort();
      const slapd = new Slapd(folder, options.port ?? (await freePort()), tlsPort, options.alsoAt);
      try {
        await slapd.start();
        return slapd;
      } catch (error) {
        await slapd.kill9();
        // Another process may have taken the port.
        if (tries === 3 || options.port !== undefined) throw error;
      }
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Two slapds that replicate each other's writes (multi-provider), with server ids 1 and 2. */
export async function startReplicatedPair(options: SlapdOptions = {}): Promise<readonly [Slapd, Slapd]> {
  const ports = [await freePort(), await freePort()] as const;
  const member = (id: 1 | 2): SlapdOptions => ({
    ...options,
    port: ports[id - 1] as number,
    globalLines: [...(options.globalLines ?? []), `serverID ${id}`],
    databaseLines: [
      ...(options.databaseLines ?? []),
      ...consumer(`ldap://127.0.0.1:${ports[2 - id]}`),
      'multiprovider on',
    ],
  });
  const first = await startSlapd(member(1));
  try {
    return [first, await startSlapd({ ...member(2), empty: true, preload: [] })];
  } catch (error) {
    await first.stop();
    throw error;
  }
}

/** A read-only replica: it answers writes with a referral (10) to its provider. */
export async function startReplica(provider: Slapd, options: SlapdOptions = {}): Promise<Slapd> {
  const lines = [...consumer(provider.url), `updateref ${provider.url}`];
  return startSlapd({ ...options, empty: true, databaseLines: [...(options.databaseLines ?? []), ...lines] });
}

/**
 * A slapd that passes all requests on to another one (back-ldap). With `syncprov` it knows the
 * control of RFC 4533 and passes it on, too.
 */
export async function startFront(behind: Slapd, { syncprov }: { readonly syncprov: boolean }): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'slapd-front-'));
  const front = new Slapd(folder, await freePort(), undefined);
  try {
    await writeFile(join(folder, 'slapd.conf'), frontConfig(behind.url, syncprov));
    await front.start();
    return front;
  } catch (error) {
    await front.stop();
    throw error;
  }
}

async function fill(folder: string, options: SlapdOptions): Promise<void> {
  function* records(): Generator<string> {
    if (options.empty !== true) yield treeLdif();
    let chunk = '';
    for (const record of options.preload ?? []) {
      chunk += record;
      if (chunk.length > 65_536) {
        yield chunk;
        chunk = '';
      }
    }
    yield chunk;
  }
  await execute('slapadd', ['-q', '-f', join(folder, 'slapd.conf')], { input: records() });
}

function consumer(providerUrl: string): string[] {
  return [
    `syncrepl rid=001 provider=${providerUrl} bindmethod=simple binddn="${ROOT_DN}" credentials=${ROOT_PASSWORD}`,
    `  searchbase="${SUFFIX}" type=refreshAndPersist retry="1 +"`,
  ];
}
