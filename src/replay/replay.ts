import { ReplaySubject, Subject } from 'rxjs';
import { accountMemory } from '../../streams/account-memory.ts';
import { laneOf } from '../../streams/candidate.ts';
import { provisioning } from '../../streams/pipeline.ts';
import type { AccountRules } from '../domain/account.ts';
import type { DirectoryChange } from '../domain/change.ts';
import { observedDirectory } from '../domain/directory-answer.ts';
import { DirectoryClock } from '../domain/directory-clock.ts';
import type { PublishedEvent, StreamEvent } from '../domain/event.ts';
import { TOKEN_DAYS, tokenDay } from '../domain/fence.ts';
import { readMode } from '../domain/mode.ts';
import { readAccount } from '../domain/read-account.ts';
import { backoff } from '../domain/retry.ts';
import { stateTimestamp } from '../domain/timestamp.ts';
import type { RecordedSettings, RecordLine } from '../operator/recording.ts';
import { decisionMaker } from '../site.ts';
import { RecordedNight } from './recorded-night.ts';
import { type Pace, settled, VirtualTime } from './virtual-time.ts';

export interface ReplayOptions {
  /** What the header of the record says. */
  readonly settings: RecordedSettings;
  /** When the record begins, in milliseconds since 1970. */
  readonly start: number;
  readonly pace: Pace;
  /** Hears every event of the stream, with its time in the record. */
  readonly told: (event: PublishedEvent) => void;
  /** Hears of each request that the record tells of, before the stream does. */
  readonly requested: (uid: string) => void;
  /** Whether the record has said something of the event's account that the replay has not said yet. */
  readonly awaits: (event: PublishedEvent) => boolean;
}

/** One life of the recorded service, through the real stream. */
export interface Replay {
  /** Goes on to a line of the record and lets it happen. */
  take(line: Exclude<RecordLine, { kind: 'header' }>): Promise<void>;
  /** The record ends here: what still runs is given up. Resolves to how many accounts that were. */
  end(): Promise<number>;
}

type Together = Extract<RecordLine, { readonly kind: 'answer' | 'outcome' }>;

/** What runs and waits in real time at the end of a recording has no end in it. */
const ENDED = new Error('the record has ended');

const NO_RULES: AccountRules = { lowestUidNumber: 0, homeRoot: null };

/** Puts the real stream together with stand-ins for all that has effects: time, directory and handlers follow the record. */
export function startReplay({ settings, start, pace, told, requested, awaits }: ReplayOptions): Replay {
  const { attributes: names, instances, longestHandlerMilliseconds, behindAfterMilliseconds } = settings;
  const rules = settings.accounts ?? NO_RULES;
  const time = new VirtualTime(start, pace);
  const abort = new AbortController();
  const night = new RecordedNight(abort.signal);
  const clock = new DirectoryClock(
    () => time.now(),
    () => time.now(),
  );
  const changes$ = new Subject<DirectoryChange>();
  const directoryTime = () => clock.now();
  const open = accountMemory({
    instances,
    longestHandlerMilliseconds,
    retry: settings.retry,
    behindAfterMilliseconds,
    monotonic: () => time.now(),
    directoryTime,
  });
  const drain$ = new ReplaySubject<void>(1);
  const load = { running: 0, waiting: 0 };
  const report = (event: StreamEvent) => told({ time: new Date(time.now()).toISOString(), ...event });
  let jobs = 0;
  let tokens = 0;
  let failure: unknown;

  const ended = new Promise<void>((resolve) => {
    provisioning(changes$, {
      names,
      alone: instances === 'one',
      ...decisionMaker(settings, longestHandlerMilliseconds, directoryTime, open, () => new Date(time.now())),
      report,
      drain$,
      load,
      concurrency: settings.concurrency,
      retry: settings.retry,
      dryRun: settings.dryRun,
      scheduler: time.scheduler,
      open,
      directory: observedDirectory(night, (answer) => clock.answered(answer)),
      runHandler: night.runHandler,
      away: {
        delay: (failures) => backoff(failures, { initial: 1_000, max: 60_000 }),
        // The next answer comes when the record says.
        wait: () => Promise.resolve(),
      },
      signal: abort.signal,
      draining: abort.signal,
      monotonic: () => time.now(),
      stateNow: () => stateTimestamp(new Date(time.now())),
      nextJobId: () => `replay-${++jobs}`,
      objection: settings.accounts === undefined ? () => Promise.resolve(undefined) : night.objection,
      readEntry: (entry) => readAccount(entry, names, rules),
      readStanding: (entry) => readAccount(entry, names, null),
      newToken: () => tokenDay(tokens++ % TOKEN_DAYS),
      longestHandlerMilliseconds,
    }).subscribe({
      complete: resolve,
      error: (error: unknown) => {
        failure = error;
        resolve();
      },
    });
  });

  const tellRequest = (change: DirectoryChange) => {
    const reading = change.kind === 'entry' ? readAccount(change.entry, names, rules) : undefined;
    if (reading?.kind !== 'account') return;
    if (readMode(reading.record.mode)?.phase === 'requested') requested(reading.record.uid);
  };

  /** Answers, or outcomes, that came together: what follows from them went on side by side, as it does when they are given so. */
  let together: Together[] = [];
  const giveTogether = async (): Promise<void> => {
    const [first] = together;
    if (first === undefined) return;
    await time.goTo(Date.parse(first.time));
    for (const line of together) {
      if (line.kind === 'answer') night.answered(line.answer);
      else if (line.outcome.ok || !line.outcome.aborted) night.ended(line.uid, line.outcome);
    }
    together = [];
    await settled();
  };

  return {
    take: async (line) => {
      const [before] = together;
      if (before !== undefined && (line.kind !== before.kind || line.time !== before.time)) await giveTogether();
      if (line.kind === 'answer' || line.kind === 'outcome') {
        together.push(line);
        return;
      }
      await time.goTo(Date.parse(line.kind === 'event' ? line.event.time : line.time));
      switch (line.kind) {
        case 'change':
          clock.told(line.change);
          tellRequest(line.change);
          changes$.next(withOwnTokens(line.change, night));
          break;
        case 'event':
          await time.fireUntil(() => !awaits(line.event), keyOf(line.event));
          if (line.event.event === 'draining') drain$.next();
          break;
        case 'gap':
          break;
      }
      await settled();
      if (failure !== undefined) throw failure;
    },
    end: async () => {
      await giveTogether();
      await settled();
      const unfinished = load.running;
      drain$.next();
      abort.abort(ENDED);
      await ended;
      if (failure !== undefined) throw failure;
      return unfinished;
    },
  };
}

function withOwnTokens(change: DirectoryChange, night: RecordedNight): DirectoryChange {
  return change.kind === 'entry' ? { ...change, entry: night.withOwnTokens(change.entry) } : change;
}

/** The key under which timers of the event's account are set; empty where it speaks of none. */
function keyOf(event: PublishedEvent): string {
  return 'uid' in event && event.uid !== undefined ? laneOf(event.uid) : '';
}
