import type { Handler } from '../src/domain/job.ts';
import type { Mode } from '../src/domain/mode.ts';
import { addHandler } from './add.ts';
import type { AvailableSteps } from './available-steps.ts';
import { deleteHandler } from './delete.ts';
import { modifyHandler } from './modify.ts';

export type Handlers = Readonly<Record<Mode, Handler>>;

/** The handler of each mode. */
export function handlersOf(steps: AvailableSteps): Handlers {
  return { add: addHandler(steps), modify: modifyHandler(steps), delete: deleteHandler(steps) };
}

/** The longest time that any handler may take, in milliseconds: what a living service's account is left alone for. */
export function longestHandlerMilliseconds(handlers: Handlers): number {
  return Math.max(
    ...Object.values(handlers).map((handler) => handler.steps.reduce((sum, step) => sum + step.longestMilliseconds, 0)),
  );
}
