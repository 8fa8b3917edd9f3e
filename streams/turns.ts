import type { AccountRecord } from '../src/domain/account.ts';
import type { Condition } from '../src/domain/condition.ts';
import { identityOf } from './accounts/identity.ts';
import type { Candidate, ClaimedJob, EndedWork } from './candidate.ts';

/** A wait for the directory during a turn. `dueAt`: in milliseconds since 1970. */
interface Pause {
  readonly attempt: number;
  readonly reason: string;
  readonly failedAt: number;
  readonly dueAt: number;
}

/** What is shown of a turn that is under way. */
type UnderWay =
  | { readonly at: 'unclaimed'; readonly candidate: Candidate }
  | { readonly at: 'claimed'; readonly candidate: Candidate; readonly job: ClaimedJob }
  | { readonly at: 'ended'; readonly candidate: Candidate; readonly work: EndedWork };

interface TurnInWork {
  turn: UnderWay;
  readonly begunAt: number;
  step?: { readonly name: string; readonly since: number };
  pause?: Pause | undefined;
  /** The reason why it waits before its claim. */
  waits?: string | undefined;
  /** The beginning of the first of several pauses in a row. */
  pausedSince: number;
}

/** The turns that are under way, by the identity of their accounts. */
export class Turns {
  readonly #turns = new Map<string, TurnInWork>();
  readonly #now: () => number;
  #paused = 0;
  #waiting = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The number of turns that wait for the directory (`paused`), that wait for other services
   * (`waiting`), and of all others.
   */
  get counts(): { readonly paused: number; readonly waiting: number; readonly inWork: number } {
    const [paused, waiting] = [this.#paused, this.#waiting];
    return { paused, waiting, inWork: this.#turns.size - paused - waiting };
  }

  ids(): Iterable<string> {
    return this.#turns.keys();
  }

  /**
   * To be called when the turn of an account has come into another state; undefined: it has ended.
   */
  now(id: string, turn: UnderWay | undefined): void {
    const known = this.#turns.get(id);
    if (turn === undefined) {
      if (known !== undefined) {
        this.#pauses(known, undefined);
        this.#waits(known, undefined);
      }
      this.#turns.delete(id);
    } else if (known === undefined) this.#turns.set(id, { turn, begunAt: this.#now(), pausedSince: 0 });
    else known.turn = turn;
  }

  /** To be called when a step begins. */
  begun(id: string, step: string): void {
    const known = this.#turns.get(id);
    if (known !== undefined) known.step = { name: step, since: this.#now() };
  }

  /**
   * To be called when the account's turn waits for the directory. `wait` settles when that is over.
   */
  paused(
    record: AccountRecord,
    { attempt, reason, inMilliseconds }: { attempt: number; reason: string; inMilliseconds: number },
    wait: Promise<void>,
  ): void {
    const known = this.#turns.get(identityOf(record));
    if (known === undefined) return;
    const now = this.#now();
    // The second attempt follows the first failure.
    if (attempt === 2) known.pausedSince = now;
    this.#pauses(known, { attempt, reason, failedAt: known.pausedSince, dueAt: now + inMilliseconds });
    const over = () => this.#pauses(known, undefined);
    wait.then(over, over);
  }

  /**
   * To be called when the account's turn waits for other services before its claim; with undefined
   * when the wait has ended.
   */
  waits(record: AccountRecord, reason: string | undefined): void {
    const known = this.#turns.get(identityOf(record));
    if (known !== undefined) this.#waits(known, reason);
  }

  #waits(known: TurnInWork, reason: string | undefined): void {
    this.#waiting += Number(reason !== undefined) - Number(known.waits !== undefined);
    known.waits = reason;
  }

  #pauses(known: TurnInWork, pause: Pause | undefined): void {
    this.#paused += Number(pause !== undefined) - Number(known.pause !== undefined);
    known.pause = pause;
  }

  *conditions(): Generator<Condition> {
    for (const turn of this.#turns.values()) yield conditionOf(turn);
  }
}

const DOING = { unclaimed: 'claiming', claimed: 'working', ended: 'writing' } as const;

function conditionOf({ turn, begunAt, step, pause, waits }: TurnInWork): Condition {
  const { candidate, at } = turn;
  const job = jobOf(turn);
  const { uid, dn, mode } = job?.record ?? candidate.record;
  const account = { uid, dn, mode };
  if (pause !== undefined) return { ...account, condition: 'retrying', since: pause.failedAt, ...pause };
  if (waits !== undefined) return { ...account, condition: 'waiting', since: begunAt, reason: waits };
  const resumed = job?.resumed ?? false;
  return {
    ...account,
    condition: 'inWork',
    since: (resumed ? candidate.record.modifiedAt : undefined) ?? begunAt,
    doing: DOING[at],
    begunAt,
    attempt: job?.attempt ?? attemptOf(candidate),
    resumed,
    ...(job === undefined ? {} : { job: job.id }),
    ...(at !== 'claimed' || step === undefined ? {} : { step: step.name, stepSince: step.since }),
  };
}

function jobOf(turn: UnderWay): ClaimedJob | undefined {
  if (turn.at === 'unclaimed') return undefined;
  return turn.at === 'claimed' ? turn.job : turn.work.job;
}

function attemptOf({ ownWork }: Candidate): number {
  return ownWork?.kind === 'retry' ? ownWork.attempt : 1;
}
