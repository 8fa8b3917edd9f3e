import type { AccountsInStream } from '../streams/accounts-in-stream.ts';
import type { Gate } from '../streams/gate.ts';
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
  };
}

function done(words: string): ControlAnswer {
  return { done: true, words };
}
