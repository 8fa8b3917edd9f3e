import { PYTHON } from '../host/python-helper.ts';
import { Launcher, type LauncherEnd, type LaunchResult } from './launcher.ts';
import { explained, find, noFolder } from './locate.ts';
import type { RunRecords } from './run-record.ts';
import type { ScriptRequest, ScriptResult, ScriptRunner } from './runner.ts';

export interface LauncherRunnerOptions {
  /** Runs scripts if no launcher can be started. */
  readonly plain: ScriptRunner;
  readonly records: RunRecords;
  onNotice(message: string): void;
  /** The Python interpreter. Tests use another one. */
  readonly interpreter?: string;
  /**
   * How long a launcher may take to become ready. After that it counts as one that cannot be
   * started.
   */
  readonly readyWithinMilliseconds?: number;
  /** The interval of heartbeats to a launcher that runs something. */
  readonly beatMilliseconds?: number;
}

/**
 * The most scripts of one launcher at once. Each script takes up to four descriptors of the
 * launcher, whose limit usually is 1024.
 */
const MOST_AT_ONCE = 200;

/**
 * Runs scripts through launchers. Most scripts share a launcher; a script that is to run `alone`
 * gets a launcher of its own. If a launcher dies or hangs, its scripts are `lost`, and the next
 * script gets another launcher, however many have died. A script must not be a child of the
 * service, which it could stop or kill. Scripts become children of the service (the plain runner)
 * only if no launcher could ever be started.
 *
 * States: untried -> work (a launcher is ready), untried -> fail (none could be started). `close`
 * ends all launchers in every state.
 */
export function createLauncherRunner(options: LauncherRunnerOptions): ScriptRunner {
  const { plain, records, onNotice } = options;
  const { interpreter = PYTHON, readyWithinMilliseconds = 10_000, beatMilliseconds = 1000 } = options;
  /** The launchers that take further scripts. */
  const shared = new Set<Launcher>();
  const launchers = new Set<Launcher>();
  let state: 'untried' | 'work' | 'fail' = 'untried';
  const isUnusable = () => state === 'fail';
  let closed = false;

  function startLauncher(): Launcher {
    const launcher = new Launcher({
      records,
      interpreter,
      readyWithinMilliseconds,
      beatMilliseconds,
      onReady: () => {
        state = 'work';
      },
      onEnd: onLauncherEnd,
    });
    launchers.add(launcher);
    return launcher;
  }

  function onLauncherEnd(launcher: Launcher, { kind, reason }: LauncherEnd): void {
    const isAlone = !shared.delete(launcher);
    launchers.delete(launcher);
    if (kind === 'unusable' && state === 'untried') {
      state = 'fail';
      onNotice(`the launcher of scripts cannot be started (${reason}); scripts start at a lower rate`);
    } else if (kind === 'died' && !closed && (!isAlone || launcher.size > 0)) {
      onNotice(`the launcher of scripts died (${reason}), and ${launcher.size} running scripts were ended`);
    }
  }

  function sharedLauncher(): Launcher {
    for (const launcher of shared) if (launcher.size < MOST_AT_ONCE) return launcher;
    const launcher = startLauncher();
    shared.add(launcher);
    return launcher;
  }

  /**
   * Runs a script in a shared launcher. If a launcher lacks a resource for a start, it gets no
   * further script: one of its scripts may have lowered its limits, which are not those of the
   * service.
   */
  async function runShared(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const launcher = sharedLauncher();
    const result = await launcher.run(file, request);
    if (result.kind === 'notStarted' && result.transient) shared.delete(launcher);
    if (!shared.has(launcher) && launcher.size === 0) void launcher.close();
    return result;
  }

  async function runAlone(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const launcher = startLauncher();
    const result = await launcher.run(file, request);
    void launcher.close();
    return result;
  }

  async function runLaunched(file: string, request: ScriptRequest): Promise<LaunchResult> {
    const result = await (request.alone ? runAlone(file, request) : runShared(file, request));
    return result.kind === 'notStarted' ? explained(file, result) : result;
  }

  // The launcher is ready before the first script.
  void records.prepare().then(
    () => closed || sharedLauncher(),
    () => {}, // Each run reports the failure.
  );

  return {
    async run(request): Promise<ScriptResult> {
      if (request.signal.aborted) return { kind: 'aborted' };
      const located = find(request.command[0] ?? '', request.env['PATH']);
      if (located.kind === 'notStarted') return located;
      try {
        await records.prepare();
      } catch (error) {
        return noFolder(error);
      }
      if (isUnusable()) return plain.run(request);
      const result = await runLaunched(located.file, request);
      if (result.kind !== 'noLauncher') return result;
      if (isUnusable()) return plain.run(request);
      return { kind: 'lost', reason: 'the launcher of scripts could not be started this time' };
    },
    async close() {
      closed = true;
      await Promise.all([...launchers].map((launcher) => launcher.close()));
      await plain.close();
    },
  };
}
