import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { type Mode, WORDS } from '../../src/domain/mode.ts';
import { replayFile } from '../../src/replay/replay-file.ts';
import type { Certificates } from '../support/certificates.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { RecordingScript } from '../support/recording-script.ts';
import {
  ServiceProcess,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../support/service-process.ts';
import { startSlapd } from '../support/slapd.ts';
import type { SlapdOptions } from '../support/slapd-config.ts';
import { type TestDirectory, text } from '../support/test-directory.ts';

/** A server of the tests that can be stopped and started again. */
export interface RestartableDirectory extends TestDirectory {
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  start(): Promise<void>;
  halt(): Promise<void>;
  kill9(): Promise<void>;
  restart(): Promise<void>;
  /** Continues it after a pause. */
  resume(): void;
}

/** What the output of a service tells of its connection. */
const CONNECTION_EVENTS = /^(?:\S+ +(connected|refreshed|disconnected) |--- )/gm;

export interface WorldOptions {
  /** A running directory, which its creator stops. Default: a slapd of the world's own. */
  readonly directory?: RestartableDirectory;
  readonly slapd?: SlapdOptions;
  readonly settings?: SettingsFile;
  /** With these the service uses ldaps. */
  readonly certificates?: Certificates;
  /** Where the uids of its accounts begin, for worlds that share a directory. Default: 1. */
  readonly firstUid?: number;
  /**
   * The number of services on the accounts. More than one needs `instances: several`. Default: 1.
   */
  readonly services?: number;
  /**
   * Whether the services have the runtime folder of this host for themselves. Otherwise a service
   * of another test may get the holder lock of one that was killed.
   */
  readonly ownRuntime?: boolean;
  /** false: no service is started. */
  readonly start?: boolean;
}

/**
 * A real directory, a proxy in front of it, the built service that uses the proxy, and a script
 * that records its runs.
 */
export class World {
  readonly folder: string;
  /** slapd, or the ns-slapd of 389-ds. */
  readonly slapd: RestartableDirectory;
  readonly proxy: FaultProxy;
  readonly script: RecordingScript;
  readonly service: ServiceProcess;
  /** All services; `service` is the first one. */
  readonly services: readonly ServiceProcess[];
  /** The files in which the services record their steps. */
  readonly records: readonly string[];
  readonly #stopDirectory: () => Promise<void>;
  #nextUid: number;

  constructor(
    parts: Pick<World, 'folder' | 'slapd' | 'proxy' | 'script' | 'service' | 'services' | 'records'>,
    stopDirectory: () => Promise<void>,
    firstUid = 1,
  ) {
    this.folder = parts.folder;
    this.slapd = parts.slapd;
    this.#stopDirectory = stopDirectory;
    this.#nextUid = firstUid;
    this.proxy = parts.proxy;
    this.script = parts.script;
    this.service = parts.service;
    this.services = parts.services;
    this.records = parts.records;
  }

  /** Returns the uid of a new, finished account. For `add`, too, it exists and is added. */
  async account(): Promise<string> {
    const uid = String(3_000_000 + this.#nextUid);
    this.#nextUid += 1;
    await this.slapd.addAccount(uid);
    return uid;
  }

  /** Requests work as an administrator does. */
  async ask(uid: string, mode: Mode): Promise<void> {
    await this.slapd.request(uid, mode, { sstIsActive: mode === 'delete' ? 'FALSE' : 'TRUE' });
  }

  /** Waits until the account is finished, and checks its attributes. */
  async finished(uid: string, mode: Mode, timeout = 20_000): Promise<DirectoryEntry> {
    try {
      const entry = await this.slapd.waitForMode(uid, WORDS[mode].finished, { timeout });
      expect(text(entry, 'sstProvisioningState')).toMatch(/^[0-9]{8}T[0-9]{6}Z$/);
      expect(text(entry, 'sstProvisioningExecutionDate')).toBe('0');
      expect(text(entry, 'sstProvisioningReturnValue')).toBe('0');
      return entry;
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.tell(uid)}`, { cause });
    }
  }

  /** Waits until each service has subscribed, and its refresh is complete. */
  async connected(): Promise<void> {
    const last = ({ output }: ServiceProcess) => [...output.matchAll(CONNECTION_EVENTS)].at(-1)?.[1];
    // Hooks call this, too; they have no expect.poll.
    await vi.waitFor(() => expect(this.services.map(last)).toEqual(this.services.map(() => 'refreshed')), {
      timeout: 20_000,
      interval: 10,
    });
  }

  /** The events of the account, to analyse a failure. */
  tell(uid: string): string {
    const told = this.services.map(({ output }) => {
      const lines = output.split('\n').filter((line) => line.includes(uid) || /connect|--- /.test(line));
      return lines.slice(-60).join('\n');
    });
    return [`script: ${JSON.stringify(this.script.journal(uid))}`, ...told].join('\n\n');
  }

  /** Ends all faults and starts everything again. */
  async heal(): Promise<void> {
    for (const { up, down } of this.proxy.open) {
      up.pass();
      down.pass();
    }
    await this.proxy.accept();
    this.slapd.resume();
    if (this.slapd.pid === undefined) await this.slapd.start();
    for (const service of this.services) if (!service.running) service.start();
  }

  /** Stops everything. Replays what the services have recorded: it must come to the same. */
  async stop(): Promise<void> {
    for (const service of this.services) await service.kill9();
    for (const file of this.records) await replaysAsRecorded(file);
    await this.proxy.close();
    await this.#stopDirectory();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'world-'));
  const { certificates } = options;
  const { directory, port, stop } = await directoryFor(options);
  const proxy = await startProxy(port);
  const script = await RecordingScript.create(folder);
  const url = certificates === undefined ? proxy.url : `ldaps://127.0.0.1:${proxy.port}`;
  const encrypted = certificates === undefined ? {} : { directory: { tls: { caFile: certificates.caFile } } };
  const settings = withSettings(withSettings(testSettings(url, script.command), encrypted), options.settings ?? {});
  const config = await writeSettings(folder, settings);
  const records = Array.from({ length: options.services ?? 1 }, (_, n) => join(folder, `record-${n}.jsonl`));
  const through = options.ownRuntime === true ? await ownRuntime(folder) : [];
  const services = records.map((file) => new ServiceProcess(config, ['--debug', '--record', file], { through }));
  const [service] = services;
  if (service === undefined) throw new Error('a world has one service at least');
  if (options.start !== false) for (const each of services) each.start();
  return new World({ folder, slapd: directory, proxy, script, service, services, records }, stop, options.firstUid);
}

/** A command that executes a service whose runtime folder is in `folder`. */
async function ownRuntime(folder: string): Promise<string[]> {
  const [runtime, own] = ['/run/prov-backup-rsnapshot', join(folder, 'runtime')];
  for (const each of [runtime, own]) await mkdir(each, { recursive: true, mode: 0o750 });
  return ['unshare', '--mount', 'sh', '-c', `mount --bind ${own} ${runtime} && exec "$@"`, 'sh'];
}

async function replaysAsRecorded(file: string): Promise<void> {
  // A service that was never started has recorded nothing.
  if (!existsSync(file)) return;
  const { differences } = await replayFile(file, {
    pace: () => Promise.resolve(),
    onEvent: () => {},
    onNotice: () => {},
  });
  expect(differences, 'a replay of the record comes out otherwise').toEqual([]);
}

/** The directory, its port for the service, and a function that stops it. */
async function directoryFor({ directory, slapd: slapdOptions, certificates }: WorldOptions) {
  if (directory !== undefined) return { directory, port: directory.port, stop: () => directory.disconnect() };
  const slapd = await startSlapd({
    ...slapdOptions,
    ...(certificates === undefined ? {} : { tls: certificates.right }),
  });
  return {
    directory: slapd,
    port: certificates === undefined ? slapd.port : slapd.ldapsPort,
    stop: () => slapd.stop(),
  };
}
