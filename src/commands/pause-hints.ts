import type { Settings } from '../../config/schema.ts';
import { visible } from '../domain/visible.ts';
import { pauseWords } from '../observability/condition-words.ts';
import { fetchStatus } from '../operator/fetch-status.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { usableAddress } from '../operator/usable-address.ts';

/**
 * Returns a sentence for each pause of the running service, because a pause explains why accounts
 * are not finished. Returns none if the service cannot be reached.
 */
export async function pauseHints({ operator: { listen } }: Pick<Settings, 'operator'>): Promise<string[]> {
  if (listen === null) return [];
  try {
    const { pauses, time } = await fetchStatus(await usableAddress(listen), { limit: 0 });
    return pauses.map((pause) => visible(`The service is paused ${pauseWords(pause, time)}.`));
  } catch (error) {
    if (error instanceof OperatorError) return [];
    throw error;
  }
}
