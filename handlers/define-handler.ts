import type { Mode } from '../src/domain/mode.ts';
import type { Site, SiteStep } from './define-step.ts';
import type { StepSettings } from './steps/registry.ts';

/**
 * What is done for an account in one mode: its steps, in order. Those that a site does without are
 * left out.
 */
export interface Handler<M extends Mode = Mode> {
  readonly mode: M;
  readonly steps: ReadonlyArray<{ at(settings: StepSettings, site: Site): SiteStep | undefined }>;
}

/** Declares a handler. `registry.ts` has a line for each. */
export function defineHandler<const M extends Mode>(handler: Handler<M>): Handler<M> {
  return handler;
}
