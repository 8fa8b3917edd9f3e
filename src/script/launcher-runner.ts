import { Launcher, type LauncherEnd, type LaunchResult } from './launcher.ts';
import { locate, noFolder } from './locate.ts';
import { PYTHON } from './python-helper.ts';
import type { RunRecords } from './run-record.ts';
import type { ScriptRequest, ScriptResult, ScriptRunner } from './runner.ts';

export interface LauncherRunnerOptions {
  /** Runs scripts where no launcher can be started. */
  readonly plain: ScriptRunner;
  readonly records: RunRecords;
  onNotice(message: string): void;
  /** The Python interpreter; tests name another. */
  readonly interpreter?: string;
  /** A launcher that is not ready by then is done without. */
  readonly readyWithinMilliseconds?: number;
  /** How often a launcher that runs something is asked for an answer. */
  readonly beatMilliseconds?: number;
}

/** Each script takes up to four descriptors of the launcher, which may have 1024 as a rule. */
const MOST_AT_ONCE = 200;

/**
 * Runs scripts through launchers: all in one, up to a number, or one that is to run `alone` in a launcher of its own. What a
 * launcher that dies or hangs had in its hands is `lost`; the next run gets another launcher, however many have died, as the
 * service itself must not be what a script can stop or kill. Only where none could ever be started are scripts children of the
 * service (the plain runner).
 */
export function createLauncherRunner(options: LauncherRunnerOptions): ScriptRunner {
  const { plain, records, onNotice } = options;
  const { interpreter = PYTHON, readyWithinMilliseconds = 10_000, beatMilliseconds = 1000 } = options;
  /** Those that take any run, and all. */
  const shared = new Set<Launcher>();
  const crews = new Set<Launcher>();
  let launchers: 'untried' | 'work' | 'fail' = 'untried';
  const isUnusable = () => launchers === 'fail';
  let closed = false;

  function hire(): Launcher {
    const crew = new Launcher({
      records,
      interpreter,
      readyWithinMilliseconds,
      beatMilliseconds,
      onReady: () => {
        launchers = 'work';
      },
      onEnd: dismiss,
    });
    crews.add(crew);
    return crew;
  }

  function dismiss(crew: Launcher, { kind, reason }: LauncherEnd): void {
    const isAlone = !shared.delete(crew);
    crews.delete(crew);
    if (kind === 'unusable' && launchers === 'untried') {
      launchers = 'fail';
      onNotice(`the launcher of scripts cannot be started (${reason}); scripts start at a lower rate`);
    } else if (kind === 'died' && !closed && (!isAlone || crew.size > 0)) {
      onNotice(`the launcher of scripts died (${reason}), and ${crew.size} running scripts were ended`);
    }
  }

  function share(): Launcher {
    for (const crew of shared) if (crew.size < MOST_AT_ONCE) return crew;
    const crew = hire();
    shared.add(crew);
    return crew;
  }

  /**
   * In a launcher that others use. One that lacks what a start needs takes no more: a script may have
   * lowered its limits, which are not those of the service.
   */
  async function runShared(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const crew = share();
    const verdict = await crew.run(file, request);
    if (verdict.kind === 'notStarted' && verdict.transient) shared.delete(crew);
    if (!shared.has(crew) && crew.size === 0) void crew.close();
    return verdict;
  }

  async function runAlone(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const crew = hire();
    const verdict = await crew.run(file, request);
    void crew.close();
    return verdict;
  }

  // Ready before the first script is.
  void records.prepare().then(
    () => closed || share(),
    () => {}, // told to each run
  );

  return {
    async run(request): Promise<ScriptResult> {
      if (request.signal.aborted) return { kind: 'aborted' };
      const located = locate(request.command[0] ?? '', request.env['PATH']);
      if (located.kind === 'notStarted') return located;
      try {
        await records.prepare();
      } catch (error) {
        return noFolder(error);
      }
      if (isUnusable()) return plain.run(request);
      const verdict = await (request.alone ? runAlone(located.file, request) : runShared(located.file, request));
      if (verdict.kind !== 'noLauncher') return verdict;
      if (isUnusable()) return plain.run(request);
      return { kind: 'lost', reason: 'the launcher of scripts could not be started this time' };
    },
    async close() {
      closed = true;
      await Promise.all([...crews].map((crew) => crew.close()));
      await plain.close();
    },
  };
}
