import type { Settings } from '../../config/schema.ts';
import type { AccountRecord } from '../domain/account.ts';
import type { Decision } from '../domain/decide.ts';
import { DirectoryClock } from '../domain/directory-clock.ts';
import { handlerFacts } from '../handler-facts.ts';
import { decisionMaker } from '../site.ts';

export interface Deciding {
  readonly decide: (record: AccountRecord) => Decision;
  /** `YYYYMMDD` in the configured time zone. */
  readonly today: string;
}

/** The service's own rules, for a command that only looks. The directory's clock is taken to be this host's. */
export function decisionOf(settings: Settings): Deciding {
  const clock = new DirectoryClock(
    () => performance.now(),
    () => Date.now(),
  );
  clock.saw(Date.now());
  const { today, decideNow } = decisionMaker(settings, handlerFacts(settings).longestMilliseconds, clock);
  return { today: today(), decide: decideNow };
}
