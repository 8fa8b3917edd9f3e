import { absolutePath, argumentList, duration, homeLayout, oneOf, orNull, text } from '../../config/kinds/kind.ts';
import { required, type SettingsOf, section, setting } from '../../config/kinds/setting.ts';
import type { CheckLine } from '../../src/domain/check-line.ts';
import type { Ending } from '../../src/domain/event.ts';
import { FLAT_LAYOUT } from '../../src/domain/home-path.ts';
import type { Job, Retry, StepOutcome } from '../../src/domain/job.ts';
import { eachMode } from '../../src/domain/mode.ts';
import { EX_TEMPFAIL, ReturnCode } from '../../src/domain/return-code.ts';
import { inspectScript } from '../../src/script/inspect.ts';
import { LastWords } from '../../src/script/last-words.ts';
import { endOrphansOf, findOrphanedAccounts } from '../../src/script/orphans.ts';
import type { OnLine, ScriptResult } from '../../src/script/runner.ts';
import { defineStep, type RunStep, type Site } from '../define-step.ts';
import { guardHome, guardLimit } from './home-guard.ts';
import { buildCommand, buildEnvironment, buildInput } from './script-request.ts';

/**
 * The longest time beyond the grace until a run has ended: for processes that survive SIGKILL, and
 * for the last output.
 */
const SLACK = 3000;

/** The longest age of the list of orphans. Another service on this host may die at any time. */
const SEARCH_INTERVAL = 5000;

const DOES_IT_END_ITS_PARENT = 'check whether the script ends or stops its parent process, and whether memory is short';

const settings = section('The script of the site that is run for each account.', {
  command: required(
    'Program and arguments, run without a shell. {uid}, {mode}, {homeDirectory} and {dn} are replaced. If none of them occurs, MODE and UID are appended.',
    argumentList,
  ),
  perMode: section(
    'Another command for one mode; null: script.command.',
    eachMode((mode) => setting(`The command for ${mode}.`, null, orNull(argumentList))),
  ),
  timeout: setting('Time limit of one run. After it the process group gets SIGTERM.', '10m', duration('100ms', '7d')),
  killGrace: setting('Time from SIGTERM to SIGKILL.', '10s', duration('0s', '10m')),
  path: setting(
    'PATH of the script.',
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    text('folders', 'folders with colons between them'),
  ),
  language: setting('LANG of the script.', 'C.UTF-8', text('locale', 'a locale such as C.UTF-8')),
  launcher: setting(
    'auto: small helper processes start scripts and look up users, which is faster. none: the service itself starts each script, and getent for each lookup.',
    'auto',
    oneOf('auto', 'none'),
  ),
  homeRoot: setting(
    'Folder that contains all homes. All folders above a home must belong to root or to the service, must be writable by no other user, and must not be links. Otherwise no script runs. quota and rsnapshot need it. null: homes are judged by their path alone.',
    null,
    orNull(absolutePath),
  ),
  homeLayout: setting(
    "Where an account's own folder is below homeRoot: for each folder on the way its name, or * for any name, and {uid} as the last one. None of them begins with a dot. The home is that folder, or is below it.",
    FLAT_LAYOUT,
    homeLayout,
  ),
});

type ScriptSettings = SettingsOf<typeof settings>;

/**
 * The step `script` runs the site's chroot script for an account. The script's exit code becomes
 * the return value. Any other end is UNDEFINED_ERROR with a reason. An orphaned script for the
 * account on this host is ended first, also if the account has a new request and is not resumed.
 */
export const script = defineStep({
  name: 'script',
  section: 'script',
  settings,
  isOn: () => true,
  inspect,
  // Longer than the script's own limit, whose reason is more precise. Three graces: for the
  // launcher of a dead service, for its script, and for this script.
  limit: ({ timeout, killGrace }, { homeRoot }) => guardLimit(homeRoot) + timeout + 3 * (killGrace + SLACK),
  grace: ({ killGrace }) => killGrace + SLACK,
  overdue: {
    returnValue: ReturnCode.UNDEFINED_ERROR,
    remedy: 'check whether its processes can be ended, and whether the file systems of the host answer',
  },
  run: (settings, site) => guardHome(runScript(settings, site), site),
});

function runScript(settings: ScriptSettings, site: Site): RunStep {
  const { command: anyMode, perMode, timeout, killGrace } = settings;
  const environmentSettings = { ...settings, ...site };
  const mayBeOrphaned = orphanSearch();
  return async (job, { report, signal, lease }, { scripts }) => {
    const { uid, dn, mode, entryUUID } = job.record;
    const command = buildCommand(perMode[job.mode] ?? anyMode, job);
    if (!command.ok) {
      return { ...command, returnValue: ReturnCode.UNDEFINED_ERROR, retry: 'permanent' };
    }
    const lastWords = new LastWords();
    const onLine: OnLine = (stream, line, by) => {
      if (by === 'script') lastWords.take(stream, line);
      report({ event: 'output', uid, dn, mode, job: job.id, stream, line });
    };
    if ((await mayBeOrphaned(uid, entryUUID)) || job.resumed) {
      const ended = await endOrphansOf({ uid, entryUUID, base: site.base }, killGrace);
      if (ended.length > 0)
        onLine('stderr', `[ended the script of an earlier service, process group ${ended}]`, 'service');
    }
    const result = await scripts.run({
      account: { uid, entryUUID, dn },
      alone: job.lost > 0,
      command: command.argv,
      env: buildEnvironment(job, environmentSettings),
      stdin: buildInput(job),
      timeoutMilliseconds: timeout,
      killGraceMilliseconds: killGrace,
      signal,
      lease,
      onLine,
    });
    return withCause(outcomeOf(result, job, timeout), lastWords.text());
  };
}

/** Checks that each command of the site can be run and that only its owner can change it. */
async function inspect({ command, perMode, path }: ScriptSettings): Promise<CheckLine[]> {
  const commands = [command, ...Object.values(perMode).filter((own) => own !== null)];
  const lines = commands.map(async (argv): Promise<CheckLine[]> => {
    const what = `script ${argv[0] ?? ''}`;
    const findings = await inspectScript(argv, path);
    if (findings.length === 0) {
      return [{ verdict: 'ok', what, found: 'executable, and only its owner can change it' }];
    }
    return findings.map(({ message, remedy }) => ({ verdict: 'fail', what, found: message, remedy }));
  });
  return (await Promise.all(lines)).flat();
}

/**
 * Returns a function that says whether an account may have an orphaned script. A search before each
 * run would cost more than the run, so its result is used for SEARCH_INTERVAL.
 */
function orphanSearch(): (uid: string, entryUUID: string | undefined) => Promise<boolean> {
  let found: Promise<Set<string>> = Promise.resolve(new Set());
  let searchedAt = Number.NEGATIVE_INFINITY;
  return async (uid, entryUUID) => {
    const now = performance.now();
    if (now - searchedAt > SEARCH_INTERVAL) {
      searchedAt = now;
      found = findOrphanedAccounts();
    }
    const orphaned = await found;
    return [uid, entryUUID].filter((name) => name !== undefined && orphaned.delete(name)).length > 0;
  };
}

function outcomeOf(result: ScriptResult, { lost }: Job, timeoutMilliseconds: number): StepOutcome {
  switch (result.kind) {
    case 'exited':
      return outcomeOfExit(result.exitCode);
    case 'signaled':
      return ended('killed', `the script was ended by ${result.signal}; see its output and the system log`);
    case 'timedOut':
      return ended(
        'timedOut',
        `the script was ended because it took longer than ${timeoutMilliseconds / 1000} s; find out what it waited for, or raise script.timeout`,
      );
    case 'aborted':
      return ended(
        'interrupted',
        'the script was ended because the service is stopping; it runs again at the next start',
      );
    case 'notStarted':
      return failed(result.reason, result.transient ? 'shortage' : 'script');
    case 'lost':
      return failed(
        lost === 0 ? result.reason : `${result.reason}; it ran alone there: ${DOES_IT_END_ITS_PARENT}`,
        'lost',
      );
  }
}

function withCause(outcome: StepOutcome, cause: string | undefined): StepOutcome {
  return outcome.ok || cause === undefined ? outcome : { ...outcome, cause };
}

function outcomeOfExit(exitCode: number): StepOutcome {
  if (exitCode === 0) return { ok: true };
  if (exitCode === EX_TEMPFAIL) {
    return {
      ok: false,
      returnValue: exitCode,
      reason: 'the script asks to be tried again later (75, EX_TEMPFAIL)',
      retry: 'temporary',
    };
  }
  return {
    ok: false,
    returnValue: exitCode,
    reason: `the script ended with exit code ${exitCode}; its output says why`,
    retry: 'script',
  };
}

function failed(reason: string, retry: Retry = 'script'): StepOutcome {
  return { ok: false, returnValue: ReturnCode.UNDEFINED_ERROR, reason, retry };
}

function ended(ending: Ending, reason: string): StepOutcome {
  return { ok: false, returnValue: ReturnCode.UNDEFINED_ERROR, reason, retry: 'script', ending };
}
