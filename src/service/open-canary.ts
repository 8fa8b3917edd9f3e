import type { Settings } from '../../config/schema.ts';
import type { PipelineDependencies } from '../../streams/pipeline.ts';
import { readAccount } from '../domain/read-account.ts';
import { Canary, type CanaryOptions } from './canary.ts';
import { decisionMaker, NO_WAIT_TIMES, rulesOf } from './site.ts';

type CanaryMeans = Pick<CanaryOptions, 'directory' | 'notice' | 'now' | 'monotonic' | 'paused'>;

/** Creates the canary of this service; undefined if the settings have none. */
export function createCanary(settings: Settings, means: CanaryMeans): Canary | undefined {
  const { canary, attributes: names } = settings;
  if (canary.dn === null) return undefined;
  const rules = rulesOf(settings);
  const { decideNow } = decisionMaker(settings, NO_WAIT_TIMES);
  return new Canary({
    dn: canary.dn,
    intervalMilliseconds: canary.interval,
    names,
    readEntry: (entry) => readAccount(entry, names, rules),
    decide: (record) => decideNow(record, 'seen'),
    ...means,
  });
}

/** Adapts the stream to the canary, which has no host user and no steps. */
export function withCanary(canary: Canary | undefined, dependencies: PipelineDependencies): PipelineDependencies {
  if (canary === undefined) return dependencies;
  const { objection, runHandler } = dependencies;
  return {
    ...dependencies,
    objection: (record) => (canary.is(record) ? Promise.resolve(undefined) : objection(record)),
    runHandler: canary.handling(runHandler),
  };
}
