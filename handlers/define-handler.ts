import type { Mode } from '../src/domain/mode.ts';
import type { Site, SiteStep } from './define-step.ts';
import type { StepSettings } from './steps/registry.ts';

/** The steps of one mode, in order. At a site, `at` returns undefined for steps that are off. */
export interface Handler<M extends Mode = Mode> {
  readonly mode: M;
  readonly steps: ReadonlyArray<{ at(settings: StepSettings, site: Site): SiteStep | undefined }>;
}

/** Declares a handler. Each handler has a line in `registry.ts`. */
export function defineHandler<const M extends Mode>(handler: Handler<M>): Handler<M> {
  return handler;
}
