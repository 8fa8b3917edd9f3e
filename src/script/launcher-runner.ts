import { constants } from 'node:os';
import { Ending } from './ending.ts';
import { type LauncherProcess, startLauncher } from './launcher-process.ts';
import { locate, notStarted, startFault } from './locate.ts';
import { endGroupsWith } from './orphans.ts';
import { type LeftOut, OutputLines } from './output-lines.ts';
import { endGroup, groupLives } from './process-group.ts';
import type { ScriptRequest, ScriptResult, ScriptRunner } from './runner.ts';

export interface LauncherRunnerOptions {
  /** Runs what the launcher cannot. */
  readonly plain: ScriptRunner;
  /** Below which the accounts are. */
  readonly base: string;
  onNotice(message: string): void;
  /** The Python interpreter (3.8 or later); tests name another. */
  readonly interpreter?: string;
  /** A launcher that is not ready by then is done without. */
  readonly readyWithinMilliseconds?: number;
}

/** Each script takes up to four descriptors of the launcher, which may have 1024 as a rule. */
const MOST_AT_ONCE = 200;
/** A launcher that dies so often within the window is not started again. */
const DEATHS = { most: 3, windowMilliseconds: 60_000 };

/** One run in the launcher's hands. `resolve` takes the verdict of the first who knows it. */
interface Run {
  readonly request: ScriptRequest;
  readonly file: string;
  readonly lines: OutputLines;
  readonly ending: Ending;
  readonly resolve: (verdict: Verdict) => void;
  group: number | undefined;
  outlived: boolean;
}

type Verdict = ScriptResult | { readonly kind: 'again' };

/** A launcher and what it runs. `fresh`: it has not said yet that it works. */
interface Crew {
  readonly process: LauncherProcess;
  readonly runs: Map<number, Run>;
  state: 'fresh' | 'ready' | 'gone';
}

/**
 * Runs scripts through the launcher. A launcher that dies takes the runs in its hands with it (`lost`) and is replaced; one
 * that cannot be started, or dies again and again, leaves all to the plain runner.
 */
export function createLauncherRunner(options: LauncherRunnerOptions): ScriptRunner {
  const { plain, base, onNotice, interpreter = '/usr/bin/python3', readyWithinMilliseconds = 10_000 } = options;
  let deaths: number[] = [];
  let lastId = 0;
  let closed = false;
  let crew: Crew | undefined = hire();

  function hire(): Crew {
    const runs = new Map<number, Run>();
    const hired: Crew = {
      runs,
      state: 'fresh',
      process: startLauncher(interpreter, base, {
        onReady: () => {
          clearTimeout(late);
          hired.state = 'ready';
        },
        onStarted: (id, group) => {
          const run = runs.get(id);
          if (run === undefined) return;
          run.group = group;
          run.ending.started(group);
        },
        onOutput: (id, stream, chunk) => runs.get(id)?.lines.write(stream, chunk),
        onNotStarted: (id, errno) => {
          const run = runs.get(id);
          const code = errnoName(errno);
          run?.resolve(notStarted(code, startFault(run.file, code)));
        },
        onExited: (id, status, leftOut: LeftOut, outlived) => {
          const run = runs.get(id);
          if (run === undefined) {
            if (outlived) hired.process.settle(id, false);
            return;
          }
          run.outlived = outlived;
          run.lines.end(leftOut);
          run.resolve(verdictOf(status));
        },
        onEnd: (reason) => {
          clearTimeout(late);
          dismiss(hired, reason);
        },
      }),
    };
    const late = setTimeout(() => hired.process.kill(), readyWithinMilliseconds).unref();
    return hired;
  }

  function dismiss(dismissed: Crew, reason: string): void {
    const worked = dismissed.state === 'ready';
    dismissed.state = 'gone';
    const runs = [...dismissed.runs.values()];
    if (!worked) {
      crew = undefined;
      for (const run of runs) run.resolve({ kind: 'again' });
      if (!closed) onNotice(`the launcher of scripts cannot be started (${reason}); scripts start at a lower rate`);
      return;
    }
    for (const run of runs) void loseRun(run, reason);
    if (closed) return;
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < DEATHS.windowMilliseconds), now];
    crew = deaths.length < DEATHS.most ? hire() : undefined;
    const next = crew === undefined ? 'scripts start at a lower rate from now on' : 'a new one is started';
    onNotice(`the launcher of scripts died (${reason}), and ${runs.length} running scripts were ended; ${next}`);
  }

  async function runInCrew(file: string, request: ScriptRequest, { process, runs }: Crew): Promise<Verdict> {
    const id = ++lastId;
    const ending = new Ending(request);
    const verdict = await new Promise<Verdict>((resolve) => {
      const lines = new OutputLines(request.onLine);
      const run: Run = { request, file, lines, ending, resolve, group: undefined, outlived: false };
      runs.set(id, run);
      void ending.gaveUp.then(() => {
        // Its group is gone, yet the launcher has not said so: it is stuck.
        if (run.group === undefined || !groupLives(run.group)) process.kill();
        else resolve({ kind: 'signaled', signal: 'SIGKILL' });
      });
      process.start({
        id,
        killGraceMilliseconds: request.killGraceMilliseconds,
        argv: [file, ...request.command.slice(1)],
        env: request.env,
        stdin: request.stdin,
      });
    });
    const run = runs.get(id);
    run?.lines.end();
    runs.delete(id);
    const cause = await ending.settle();
    if (run?.outlived) process.settle(id, cause === undefined);
    return cause === undefined || verdict.kind === 'again' ? verdict : { kind: cause };
  }

  return {
    async run(request) {
      if (request.signal.aborted) return { kind: 'aborted' };
      if (crew === undefined || crew.runs.size >= MOST_AT_ONCE) return plain.run(request);
      const located = locate(request.command[0] ?? '', request.env['PATH']);
      if (located.kind === 'notStarted') return located;
      const verdict = await runInCrew(located.file, request, crew);
      return verdict.kind === 'again' ? plain.run(request) : verdict;
    },
    async close() {
      closed = true;
      await crew?.process.close();
      await plain.close();
    },
  };
}

/** Ends what a dead launcher was running; it may have started a script without having said so. */
async function loseRun({ request, group, resolve }: Run, reason: string): Promise<void> {
  if (group === undefined) await endGroupsWith(request.env, request.killGraceMilliseconds);
  else await endGroup(group, request.killGraceMilliseconds);
  resolve({
    kind: 'lost',
    reason: `the launcher of scripts died (${reason}) and the script was ended with it; ask again`,
  });
}

/** Reads the status that wait(2) gave. */
function verdictOf(status: number): ScriptResult {
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
