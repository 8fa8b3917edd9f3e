import { firstValueFrom } from 'rxjs';
import { subscribeOnce } from '../../streams/subscription.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { visible } from '../domain/visible.ts';
import { uidFilter } from './account-search.ts';
import type { DirectorySession } from './directory-session.ts';

/**
 * Lines that say why the service is told of no change to the entries with this uid; none if the
 * server accepts a subscription.
 */
export async function explainSubscription({ settings, access, url }: DirectorySession, uid: string): Promise<string[]> {
  const { directory, reconnect } = settings;
  const subscription = subscribeOnce({
    access,
    url,
    base: directory.base,
    filter: uidFilter(uid),
    attributes: ['1.1'],
    protocol: directory.subscription,
    deadAfterMilliseconds: reconnect.deadAfter,
  });
  try {
    // The first change tells that the server has accepted the protocol.
    await firstValueFrom(subscription);
    return [];
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return [
      visible(`The service is not told of changes: ${error.message}.`),
      ...(error.remedy === undefined ? [] : [visible(`  Next: ${error.remedy}.`)]),
      '',
    ];
  }
}
