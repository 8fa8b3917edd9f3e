import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { Ending } from './ending.ts';
import { errorCode, locate, type NotStarted, noFolder, notRecorded, refusedBySystem } from './locate.ts';
import { OutputLines } from './output-lines.ts';
import { groupLives } from './process-group.ts';
import {
  makeRecord,
  RECORD_DESCRIPTOR,
  type RecordDraft,
  type RunRecords,
  removeRecord,
  writeLeader,
} from './run-record.ts';
import type { OutputStream, ScriptRequest, ScriptResult, ScriptRunner } from './runner.ts';

/** How long output is read after the script has ended if another process holds it open. */
const DRAIN_MILLISECONDS = 100;
/**
 * The pause between two reads of output beyond the limits, so that it does not take time from the
 * other scripts.
 */
const FLOOD_PAUSE_MILLISECONDS = 5;
const FLOOD_BYTES_PER_PAUSE = 512 * 1024;

/** Runs scripts as children of this process. This works wherever Node.js does. */
export function createPlainRunner(records: RunRecords): ScriptRunner {
  return { run: (request) => runPlainly(request, records), close: async () => {} };
}

async function runPlainly(request: ScriptRequest, records: RunRecords): Promise<ScriptResult> {
  if (request.signal.aborted) return { kind: 'aborted' };
  const [program = '', ...args] = request.command;
  const located = locate(program, request.env['PATH']);
  if (located.kind === 'notStarted') return located;

  const record = await draft(request, records);
  if ('kind' in record) return record;
  const started = await start(located.file, args, request.env, record);
  if (started.kind === 'notStarted') {
    records.recordFailed(started.code);
    return started;
  }
  const { child, group, recorded } = started;
  const ending = new Ending(request);
  ending.started(group);

  const lines = new OutputLines(request.onLine);
  const drained = Promise.all([forward('stdout', child.stdout, lines), forward('stderr', child.stderr, lines)]);
  child.stdin.on('error', () => {}); // EPIPE: the script does not read its input
  child.stdin.end(request.stdin);

  const [exitCode, signal]: [number | null, string | null] = await Promise.race([
    once(child, 'exit') as Promise<[number | null, string | null]>,
    ending.gaveUp.then((): [null, null] => [null, null]),
  ]);
  child.stdin.destroy();
  await drain(drained, lines);
  child.stdout.destroy();
  child.stderr.destroy();
  await drained;
  const [cause] = await Promise.all([ending.finish(), recorded]);
  if (cause === undefined || !(await groupLives(group))) await removeRecord(record.file);
  lines.end();
  if (cause !== undefined) return { kind: cause };
  return exitCode === null ? { kind: 'signaled', signal: signal ?? 'SIGKILL' } : { kind: 'exited', exitCode };
}

interface Started {
  readonly kind: 'started';
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly group: number;
  /** Resolves when the record is complete. */
  readonly recorded: Promise<unknown>;
}

async function draft({ account }: ScriptRequest, records: RunRecords): Promise<RecordDraft | NotStarted> {
  try {
    await records.prepare();
    return records.draft(account);
  } catch (error) {
    return noFolder(error);
  }
}

async function start(
  file: string,
  args: readonly string[],
  env: ScriptRequest['env'],
  record: RecordDraft,
): Promise<Started | NotStarted> {
  let written: FileHandle;
  try {
    written = await makeRecord(record);
  } catch (error) {
    return notRecorded(file, record.file, errorCode(error));
  }
  let readOnly: FileHandle | undefined;
  let leaderWritten: Promise<unknown> = Promise.resolve();
  try {
    readOnly = await open(record.file, 'r'); // for the script, which must not write to it
    const child = spawn(file, args, { env, cwd: '/', detached: true, stdio: streams(readOnly.fd) });
    if (!hasStreams(child) || child.pid === undefined) throw (await once(child, 'error'))[0];
    // Not awaited: the listeners for the child's events must be added before it can emit any.
    leaderWritten = writeLeader(written, child.pid).catch(() => {});
    return { kind: 'started', child, group: child.pid, recorded: leaderWritten };
  } catch (error) {
    await removeRecord(record.file);
    return refusedBySystem(file, errorCode(error));
  } finally {
    void leaderWritten.then(() => Promise.all([written.close(), readOnly?.close()]));
  }
}

function streams(record: number): Array<'pipe' | 'ignore' | number> {
  const own = ['pipe', 'pipe', 'pipe'] as const;
  // From the fourth descriptor on, 'ignore' opens nothing.
  const between = Array.from({ length: RECORD_DESCRIPTOR - own.length }, () => 'ignore' as const);
  return [...own, ...between, record];
}

function hasStreams(child: ChildProcess): child is Started['child'] {
  return child.stdin !== null && child.stdout !== null && child.stderr !== null;
}

/**
 * Waits until the output has ended, but only briefly if other processes hold it open. The output of
 * the script itself is already in the pipe.
 */
async function drain(drained: Promise<unknown>, lines: OutputLines): Promise<void> {
  const waiting = new AbortController();
  const timeUp = delay(DRAIN_MILLISECONDS, false, { signal: waiting.signal });
  const ended = await Promise.race([drained.then(() => true), timeUp]);
  waiting.abort();
  if (ended) return;
  // On a busy machine the delay may be over before the event loop has read the streams. It reads
  // them once in each turn.
  for (let receivedBefore = -1; receivedBefore !== lines.received && !lines.full; await nextTurn()) {
    receivedBefore = lines.received;
    await nextTurn();
  }
}

/** Passes a stream of the script to `lines` until it ends or is destroyed. */
async function forward(name: OutputStream, stream: Readable, lines: OutputLines): Promise<void> {
  let flood = 0;
  stream.on('data', (chunk: Buffer) => {
    lines.write(name, chunk);
    if (!lines.full) return;
    flood += chunk.length;
    if (flood < FLOOD_BYTES_PER_PAUSE) return;
    flood = 0;
    stream.pause();
    setTimeout(() => stream.resume(), FLOOD_PAUSE_MILLISECONDS);
  });
  await finished(stream, { writable: false }).catch(() => {}); // destroyed while another process holds it open
}
