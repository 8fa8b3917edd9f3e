import { constants, uptime } from 'node:os';
import type { JobLease } from '../domain/job.ts';
import { Ending } from './ending.ts';
import { type LauncherProcess, startLauncher } from './launcher-process.ts';
import { notRecorded, refusedBySystem } from './locate.ts';
import { endRun } from './orphans.ts';
import { OutputLines } from './output-lines.ts';
import { groupLives } from './process-group.ts';
import { type RecordDraft, type RunRecords, removeRecord } from './run-record.ts';
import type { ScriptRequest, ScriptResult } from './runner.ts';

export interface LauncherOptions {
  readonly records: RunRecords;
  /** The Python interpreter. */
  readonly interpreter: string;
  /** A launcher that is not ready within this time is killed. */
  readonly readyWithinMilliseconds: number;
  /** The interval of heartbeats to a launcher that has runs. */
  readonly beatMilliseconds: number;
  onReady(): void;
  /** Called once when the launcher is gone, before its runs are resolved. */
  onEnd(launcher: Launcher, end: LauncherEnd): void;
}

/**
 * Why a launcher ended. `died`: it was ready before. `shortage`: the host lacked a resource for its
 * start. `unusable`: it could not be started for another reason.
 */
export interface LauncherEnd {
  readonly kind: 'died' | 'shortage' | 'unusable';
  readonly reason: string;
}

/** How a run ended. `noLauncher`: the launcher could not be started, so no script was run. */
export type LaunchResult = ScriptResult | { readonly kind: 'noLauncher' };

/** One run. The first call of `resolve` decides its result. */
interface Run {
  readonly request: ScriptRequest;
  readonly file: string;
  readonly record: RecordDraft;
  readonly lines: OutputLines;
  readonly ending: Ending;
  readonly resolve: (result: LaunchResult) => void;
  group: number | undefined;
  outlived: boolean;
}

/** The error code with which the launcher refuses to start a script whose deadline has passed. */
const TOO_LATE = 'ETIME';
/** After this number of unanswered heartbeats in a row the launcher is killed. */
const MOST_UNANSWERED = 5;
let lastId = 0;

/**
 * A launcher process and its runs.
 *
 *   starting (until it reports that it is ready) -> ready -> gone
 *   starting -> gone     it could not be started, or was not ready in time and was killed
 *
 * When a ready launcher dies, or is killed because it hangs, its runs are `lost` and their process
 * groups are ended.
 */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #ownRecord: RecordDraft;
  readonly #process: LauncherProcess;
  readonly #runs = new Map<number, Run>();
  readonly #readyTimer: NodeJS.Timeout;
  readonly #beatTimer: NodeJS.Timeout;
  #state: 'starting' | 'ready' | 'gone' = 'starting';
  #unanswered = 0;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#ownRecord = options.records.draft();
    this.#process = startLauncher(options.interpreter, this.#ownRecord, {
      onReady: () => {
        clearTimeout(this.#readyTimer);
        this.#state = 'ready';
        options.onReady();
      },
      onBeat: () => {
        this.#unanswered = 0;
      },
      onStarted: (id, group) => {
        const run = this.#runs.get(id);
        if (run === undefined) return;
        run.group = group;
        run.ending.started(group);
      },
      onOutput: (id, stream, chunk) => this.#runs.get(id)?.lines.write(stream, chunk),
      onNotStarted: (id, errno) => {
        const run = this.#runs.get(id);
        const code = errnoName(errno);
        run?.resolve(code === TOO_LATE ? { kind: 'aborted' } : refusedBySystem(run.file, code));
      },
      onNotRecorded: (id, errno) => {
        const code = errnoName(errno);
        options.records.recordFailed(code);
        const run = this.#runs.get(id);
        run?.resolve(notRecorded(run.file, run.record.file, code));
      },
      onExited: (id, status, leftOut, outlived) => {
        const run = this.#runs.get(id);
        if (run === undefined) return;
        run.outlived = outlived;
        run.lines.end(leftOut);
        run.resolve(resultOf(status));
      },
      onEnd: (reason, code) => this.#onGone(reason, code),
    });
    this.#readyTimer = setTimeout(() => this.#process.kill(), options.readyWithinMilliseconds).unref();
    this.#beatTimer = setInterval(() => this.#checkBeat(), options.beatMilliseconds).unref();
  }

  /** The number of runs. */
  get size(): number {
    return this.#runs.size;
  }

  /** Runs `file`, the located program of the request. Never rejects because of a script. */
  async run(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const id = ++lastId;
    const ending = new Ending(request);
    const record = this.#options.records.draft(request.account);
    const { promise, resolve } = deferred<LaunchResult>();
    const lines = new OutputLines(request.onLine);
    const run: Run = { request, file, record, lines, ending, resolve, group: undefined, outlived: false };
    this.#runs.set(id, run);
    this.#beatTimer.ref(); // a launcher does not keep the service alive, its runs do
    void ending.gaveUp.then(() => this.#giveUp(run));
    const { lease } = request;
    const unwatch = lease?.onRenewed(() => this.#process.extend(id, deadlineOf(lease)));
    this.#process.start({
      id,
      killGraceMilliseconds: request.killGraceMilliseconds,
      deadline: lease === undefined ? 0 : deadlineOf(lease),
      argv: [file, ...request.command.slice(1)],
      env: request.env,
      record,
      stdin: request.stdin,
    });
    const result = await promise;
    unwatch?.();
    lines.end();
    this.#runs.delete(id);
    if (this.#runs.size === 0) this.#beatTimer.unref();
    const cause = await ending.finish();
    if (run.outlived && (cause === undefined || run.group === undefined || !(await groupLives(run.group))))
      await removeRecord(record.file);
    return cause === undefined || result.kind === 'noLauncher' ? result : { kind: cause };
  }

  /** Ends the launcher. Its remaining runs are `lost`. */
  close(): Promise<void> {
    return this.#process.close();
  }

  /**
   * Sends a heartbeat, and kills a launcher that has missed too many. One missed answer proves
   * nothing, because the event loop runs timers before it reads answers that have arrived.
   */
  #checkBeat(): void {
    if (this.#runs.size === 0 || this.#state !== 'ready') {
      this.#unanswered = 0;
      return;
    }
    if (this.#unanswered >= MOST_UNANSWERED) this.#process.kill();
    this.#unanswered += 1;
    this.#process.beat();
  }

  async #giveUp({ group, resolve }: Run): Promise<void> {
    // The group is gone or unknown, and the launcher has not reported the end: the launcher hangs.
    if (group === undefined || !(await groupLives(group))) this.#process.kill();
    else resolve({ kind: 'signaled', signal: 'SIGKILL' });
  }

  #onGone(reason: string, code: string | undefined): void {
    clearTimeout(this.#readyTimer);
    clearInterval(this.#beatTimer);
    void removeRecord(this.#ownRecord.file);
    const refusal = code === undefined ? undefined : refusedBySystem('the launcher of scripts', code);
    const kind = this.#state === 'ready' ? 'died' : refusal?.transient === true ? 'shortage' : 'unusable';
    this.#state = 'gone';
    this.#options.onEnd(this, { kind, reason });
    for (const run of this.#runs.values()) {
      if (kind === 'died') void endLostRun(run, reason);
      else run.resolve(kind === 'shortage' && refusal !== undefined ? refusal : { kind: 'noLauncher' });
    }
  }
}

/**
 * Ends a run of a dead launcher by its record: the launcher may have started the script without
 * reporting it.
 */
async function endLostRun({ request, record, resolve }: Run, reason: string): Promise<void> {
  await endRun(record.file, request.killGraceMilliseconds);
  resolve({ kind: 'lost', reason: `the launcher of scripts died (${reason}), and the script was ended with it` });
}

/** The time at which the lease lapses, in milliseconds of CLOCK_BOOTTIME. */
function deadlineOf(lease: JobLease): number {
  return Math.max(1, Math.floor(uptime() * 1_000 + lease.remaining()));
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Decodes a status of wait(2). */
function resultOf(status: number): ScriptResult {
  const signal = status & 0x7f;
  return signal === 0
    ? { kind: 'exited', exitCode: (status >> 8) & 0xff }
    : { kind: 'signaled', signal: nameOf(constants.signals, signal) ?? `signal ${signal}` };
}

function errnoName(errno: number): string {
  return nameOf(constants.errno, errno) ?? `errno ${errno}`;
}

function nameOf(names: Readonly<Record<string, number>>, number: number): string | undefined {
  return Object.entries(names).find(([, value]) => value === number)?.[0];
}
