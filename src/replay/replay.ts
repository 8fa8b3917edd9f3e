import { ReplaySubject, Subject } from 'rxjs';
import { accountMemory } from '../../streams/account-memory.ts';
import { laneOf } from '../../streams/candidate.ts';
import type { Load } from '../../streams/operators/group-per-uid.ts';
import { type PipelineDependencies, provisioning } from '../../streams/pipeline.ts';
import type { AccountRules, EntryReading } from '../domain/account.ts';
import type { DirectoryChange } from '../domain/change.ts';
import { observedDirectory } from '../domain/directory-answer.ts';
import { DirectoryClock } from '../domain/directory-clock.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { TOKEN_DAYS, tokenDay } from '../domain/fence.ts';
import { ONE_FOLDER_EACH } from '../domain/home-path.ts';
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
  /** Whether the record has said something of the event's account that the replay has not yet. */
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

const NO_RULES: AccountRules = { lowestUidNumber: 0, homeRoot: null, homeLayout: ONE_FOLDER_EACH };

/**
 * Puts the real stream together with stand-ins for all that has effects: time, directory and
 * handlers follow the record.
 */
export function startReplay(options: ReplayOptions): Replay {
  return new RecordedLife(options);
}

/** going on (`take`, line by line) -> ended (`end`); a bug in the stream makes both reject. */
class RecordedLife implements Replay {
  readonly #options: ReplayOptions;
  readonly #rules: AccountRules;
  readonly #time: VirtualTime;
  readonly #abort = new AbortController();
  readonly #night = new RecordedNight(this.#abort.signal);
  readonly #clock = new DirectoryClock(
    () => this.#time.now(),
    () => this.#time.now(),
  );
  readonly #changes$ = new Subject<DirectoryChange>();
  readonly #drain$ = new ReplaySubject<void>(1);
  readonly #load: Load = { running: 0, waiting: 0 };
  readonly #ended: Promise<void>;
  #failure: unknown;
  /**
   * Answers, or outcomes, that came together: what follows from them went on side by side, as it
   * does when they are given so.
   */
  #together: Together[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#rules = options.settings.accounts ?? NO_RULES;
    this.#time = new VirtualTime(options.start, options.pace);
    this.#ended = new Promise((resolve) => {
      provisioning(this.#changes$, this.#surroundings()).subscribe({
        complete: resolve,
        error: (error: unknown) => {
          this.#failure = error;
          resolve();
        },
      });
    });
  }

  async take(line: Exclude<RecordLine, { kind: 'header' }>): Promise<void> {
    const [before] = this.#together;
    if (before !== undefined && (line.kind !== before.kind || line.time !== before.time)) await this.#giveTogether();
    if (line.kind === 'answer' || line.kind === 'outcome') {
      this.#together.push(line);
      return;
    }
    await this.#time.goTo(Date.parse(line.kind === 'event' ? line.event.time : line.time));
    if (line.kind === 'change') this.#change(line.change);
    if (line.kind === 'event') await this.#event(line.event);
    await settled();
    this.#throwFailure();
  }

  async end(): Promise<number> {
    await this.#giveTogether();
    await settled();
    const unfinished = this.#load.running;
    this.#drain$.next();
    this.#abort.abort(ENDED);
    await this.#ended;
    this.#throwFailure();
    return unfinished;
  }

  #change(change: DirectoryChange): void {
    this.#clock.told(change);
    this.#tellRequest(change);
    const own = change.kind === 'entry' ? { ...change, entry: this.#night.withOwnTokens(change.entry) } : change;
    this.#changes$.next(own);
  }

  #tellRequest(change: DirectoryChange): void {
    const reading = change.kind === 'entry' ? this.#read(change.entry) : undefined;
    if (reading?.kind !== 'account') return;
    if (readMode(reading.record.mode)?.phase === 'requested') this.#options.requested(reading.record.uid);
  }

  async #event(event: PublishedEvent): Promise<void> {
    await this.#time.fireUntil(() => !this.#options.awaits(event), keyOf(event));
    if (event.event === 'draining') this.#drain$.next();
  }

  async #giveTogether(): Promise<void> {
    const [first] = this.#together;
    if (first === undefined) return;
    await this.#time.goTo(Date.parse(first.time));
    for (const line of this.#together) {
      if (line.kind === 'answer') this.#night.answered(line.answer);
      else if (line.outcome.ok || !line.outcome.aborted) this.#night.ended(line.uid, line.outcome);
    }
    this.#together = [];
    await settled();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #read(entry: DirectoryEntry): EntryReading {
    return readAccount(entry, this.#options.settings.attributes, this.#rules);
  }

  #surroundings(): PipelineDependencies {
    const { settings, told } = this.#options;
    const { attributes: names, instances, longestHandlerMilliseconds, behindAfterMilliseconds, retry } = settings;
    const time = this.#time;
    const night = this.#night;
    const monotonic = () => time.now();
    const directoryTime = () => this.#clock.now();
    const accountsKnown = { instances, longestHandlerMilliseconds, retry, behindAfterMilliseconds };
    const open = accountMemory({ ...accountsKnown, monotonic, directoryTime });
    let jobs = 0;
    let tokens = 0;
    return {
      ...decisionMaker(settings, longestHandlerMilliseconds, directoryTime, open, () => new Date(time.now())),
      names,
      alone: instances === 'one',
      readEntry: (entry) => this.#read(entry),
      readStanding: (entry) => readAccount(entry, names, null),
      objection: settings.accounts === undefined ? () => Promise.resolve(undefined) : night.objection,
      open,
      directory: observedDirectory(night, (answer) => this.#clock.answered(answer)),
      away: {
        delay: (failures) => backoff(failures, { initial: 1_000, max: 60_000 }),
        // The next answer comes when the record says.
        wait: () => Promise.resolve(),
      },
      runHandler: night.runHandler,
      longestHandlerMilliseconds,
      retry,
      concurrency: settings.concurrency,
      load: this.#load,
      dryRun: settings.dryRun,
      report: (event) => told({ time: new Date(time.now()).toISOString(), ...event }),
      signal: this.#abort.signal,
      draining: this.#abort.signal,
      drain$: this.#drain$,
      nextJobId: () => `replay-${++jobs}`,
      newToken: () => tokenDay(tokens++ % TOKEN_DAYS),
      stateNow: () => stateTimestamp(new Date(time.now())),
      monotonic,
      scheduler: time.scheduler,
    };
  }
}

/** The key under which timers of the event's account are set; empty where it speaks of none. */
function keyOf(event: PublishedEvent): string {
  return 'uid' in event && event.uid !== undefined ? laneOf(event.uid) : '';
}
