import type { AccountsInStream } from '../streams/accounts-in-stream.ts';
import type { Gate } from '../streams/gate.ts';
import type { ConditionName } from './domain/condition.ts';
import type { Control, ControlAnswer } from './domain/control.ts';
import { heldWords, pausedBy } from './domain/pause.ts';

export interface ControlDependencies {
  readonly gate: Gate;
  readonly accounts: AccountsInStream;
}

const NO_REASON = 'no reason was given';
/** Nothing is kept on disk, so that a service needs nothing but the directory. */
const UNTIL_WHEN = 'This lasts until resume, or a restart of the service; the entry of switch.dn lasts longer.';

/** What operators may tell the service. */
export function createControl({ gate, accounts }: ControlDependencies): Control {
  return {
    pause: ({ reason = NO_REASON, who }) => {
      gate.pause({ by: 'operator', holds: 'everything', reason, ...(who === undefined ? {} : { who }) });
      const { inWork, queued } = accounts.counts();
      return done(`Paused: nothing new is taken up. ${inWork} in work, to their end; ${queued} queued. ${UNTIL_WHEN}`);
    },
    resume: ({ who }) => {
      const ended = (['operator', 'brake'] as const).filter((by) => gate.resume(by, who) !== undefined);
      const rest = gate
        .pauses()
        .map((pause) => `Still paused ${pausedBy(pause)}: ${heldWords(pause)}; ${pause.reason}.`);
      const what = ended.length === 0 ? 'There was no pause to end.' : 'New work is taken up again.';
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
  };
}

/** What the stream has an account as. */
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

function refused(words: string): ControlAnswer {
  return { done: false, words };
}

function done(words: string): ControlAnswer {
  return { done: true, words };
}
