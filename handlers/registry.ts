import { eachMode, MODES, type Mode } from '../src/domain/mode.ts';
import { add } from './add.ts';
import type { Handler } from './define-handler.ts';
import type { Site, SiteStep } from './define-step.ts';
import { remove } from './delete.ts';
import { modify } from './modify.ts';
import type { StepSettings } from './steps/registry.ts';

/** The handler of each mode. */
export const HANDLERS: { readonly [M in Mode]: Handler<M> } = {
  add,
  modify,
  delete: remove,
};

/** The steps of each mode at a site, in order. */
export type SiteHandlers = Readonly<Record<Mode, readonly SiteStep[]>>;

/** The handlers of a site. Modes that share a step get the same object, with its state. */
export function handlersOf(settings: StepSettings, site: Site): SiteHandlers {
  const declared = new Set(MODES.flatMap((mode) => HANDLERS[mode].steps));
  const steps = new Map([...declared].map((step) => [step, step.at(settings, site)]));
  return eachMode((mode) => HANDLERS[mode].steps.map((step) => steps.get(step)).filter((step) => step !== undefined));
}

/**
 * The longest time in milliseconds that a handler can take. Its steps are ended at their limits.
 */
export function longestHandlerMilliseconds(handlers: SiteHandlers): number {
  return Math.max(...Object.values(handlers).map(longestOf));
}

/** Only one grace counts: the attempt ends with the first step that reaches its limit. */
function longestOf(steps: readonly SiteStep[]): number {
  const limits = steps.reduce((sum, step) => sum + step.limitMilliseconds, 0);
  return limits + Math.max(0, ...steps.map((step) => step.graceMilliseconds));
}
