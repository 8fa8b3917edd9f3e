import type { Settings } from '../../config/schema.ts';
import type { AccountRecord } from '../domain/account.ts';
import type { Decision } from '../domain/decide.ts';
import { handlerFacts } from '../handler-facts.ts';
import { decisionMaker, NO_KNOWLEDGE } from '../site.ts';

export interface Deciding {
  readonly decide: (record: AccountRecord) => Decision;
  /** `YYYYMMDD` in the configured time zone. */
  readonly today: string;
}

/** The service's own rules, for a command that only looks. The directory's clock is taken to be this host's. */
export function decisionOf(settings: Settings): Deciding {
  const { longestMilliseconds } = handlerFacts(settings);
  const { today, decideNow } = decisionMaker(settings, longestMilliseconds, () => Date.now(), NO_KNOWLEDGE);
  return { today: today(), decide: decideNow };
}
