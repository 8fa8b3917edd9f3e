import type { Mode } from '../src/domain/mode.ts';
import type { Site, SiteStep } from './define-step.ts';
import type { StepSettings } from './steps/registry.ts';

/** The steps of one mode, in order. A step that is off at a site returns undefined from `at`. */
export interface Handler<M extends Mode = Mode> {
  readonly mode: M;
  readonly steps: ReadonlyArray<{ at(settings: StepSettings, site: Site): SiteStep | undefined }>;
}

/** Declares a handler. Each handler has a line in `registry.ts`. */
export function defineHandler<const M extends Mode>(handler: Handler<M>): Handler<M> {
  return handler;
}
