import { filter, firstValueFrom, map, merge, type Observable, timer } from 'rxjs';
import { accountToSettle } from '../../streams/account-to-settle.ts';
import type { AccountsInStream } from '../../streams/accounts-in-stream.ts';
import type { Candidate } from '../../streams/candidate.ts';
import type { Gate } from '../../streams/gate.ts';
import type { ConditionName } from '../domain/condition.ts';
import type { Control, ControlAnswer } from '../domain/control.ts';
import { defined } from '../domain/defined.ts';
import type { StreamEvent } from '../domain/event.ts';
import { heldWords, pausedBy } from '../domain/pause.ts';

export interface ControlDependencies {
  /** The events of the service, hot. */
  readonly events$: Observable<StreamEvent>;
  /** Passes an account to the stream, which settles it. */
  readonly settle: (candidate: Candidate) => void;
  readonly gate: Gate;
  readonly accounts: AccountsInStream;
  /** Aborted when no new work is begun any more. */
  readonly draining: AbortSignal;
}

/**
 * The longest time that an operator waits for an answer, in milliseconds. A command gives up after
 * 5 s. Finding out who asks (`peerOf`) may take 2 s of that.
 */
const LONGEST_ANSWER = 2_500;

const NO_REASON = 'no reason was given';
/** Pauses are not kept on disk, so that a service needs nothing but the directory. */
const UNTIL_WHEN = 'This lasts until resume, or a restart of the service; the entry of switch.dn lasts longer.';

/** Creates the orders that operators can give to the service. */
export function createControl({
  gate,
  accounts,
  events$,
  settle,
  draining,
}: ControlDependencies): Omit<Control, 'reload'> {
  return {
    pause: ({ reason = NO_REASON, who }) => {
      gate.pause({ by: 'operator', holds: 'everything', reason, ...defined({ who }) });
      const { inWork, queued } = accounts.counts();
      return done(`Paused: no new work begins. ${inWork} in work, which continue; ${queued} queued. ${UNTIL_WHEN}`);
    },
    resume: ({ who }) => {
      const ended = (['operator', 'brake'] as const).filter((by) => gate.resume(by, who) !== undefined);
      const rest = gate
        .pauses()
        .map((pause) => `Still paused ${pausedBy(pause)}: ${heldWords(pause)}; ${pause.reason}.`);
      const what = ended.length === 0 ? 'There was no pause to end.' : 'New work begins again.';
      return done([rest.length > 0 && ended.length > 0 ? 'That pause is over.' : what, ...rest].join(' '));
    },
    cancel: ({ uid, who }) => {
      if (accounts.handlers.cancel(uid, who)) {
        return done(
          `The script of ${uid} gets SIGTERM, and SIGKILL after script.killGrace. The account counts as failed then; retry asks for it again.`,
        );
      }
      return refused(`Nothing runs for ${uid}: ${whereabouts(accounts, uid)}.`);
    },
    settle: async ({ uid, code, who }) => {
      if (draining.aborted) return unsettled(uid, STOPS);
      const found = accountToSettle(accounts, uid);
      if (typeof found === 'string') return refused(`${uid} cannot be settled: ${found}.`);
      const answer = settling(events$, uid, draining);
      settle({ ...found, fresh: false, settlement: { code, ...defined({ who }) } });
      return answer;
    },
  };
}

const STOPS = 'the service stops';

/**
 * Resolves to how the settlement of an account ended, according to its events. If that takes long,
 * it resolves to the answer that the settlement is under way.
 */
function settling(events$: Observable<StreamEvent>, uid: string, draining: AbortSignal): Promise<ControlAnswer> {
  const answered$ = events$.pipe(
    map((event) => answerIn(event, uid)),
    filter((answer) => answer !== undefined),
  );
  const late = () =>
    draining.aborted
      ? unsettled(uid, STOPS)
      : done(`${uid} waits for a worker; tap --uid ${uid} shows when it is settled.`);
  return firstValueFrom(merge(answered$, timer(LONGEST_ANSWER).pipe(map(late))));
}

function answerIn(event: StreamEvent, uid: string): ControlAnswer | undefined {
  if (!('uid' in event) || event.uid?.toLowerCase() !== uid.toLowerCase()) return undefined;
  switch (event.event) {
    case 'finished':
      return done(`${uid} is settled: ${event.mode}, state ${event.state}.`);
    case 'failed':
      return done(`${uid} is settled as failed with code ${event.returnValue}.`);
    case 'superseded':
    case 'skipped':
    case 'conflict':
      return unsettled(uid, event.reason);
    case 'queued':
    case 'deferred':
      return unsettled(uid, `${event.mode} was asked for meanwhile`);
    case 'left':
      return unsettled(uid, `its entry left (${event.why})`);
    default:
      return undefined;
  }
}

/** Describes where an account is in the stream. */
function whereabouts(accounts: AccountsInStream, uid: string): string {
  for (const account of accounts.conditions()) {
    if (account.uid.toLowerCase() === uid.toLowerCase()) return `it ${STANDS[account.condition]}`;
  }
  return 'it is no open account that this service knows';
}

const STANDS: Readonly<Record<ConditionName, string>> = {
  queued: 'is queued',
  inWork: 'is being claimed, or its outcome is written',
  retrying: 'waits for another attempt',
  failed: 'has failed',
  deferred: 'waits for its day',
  waiting: 'waits',
};

function unsettled(uid: string, reason: string): ControlAnswer {
  return refused(`${uid} is not settled: ${reason}.`);
}

function refused(words: string): ControlAnswer {
  return { done: false, words };
}

function done(words: string): ControlAnswer {
  return { done: true, words };
}
