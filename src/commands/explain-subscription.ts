import { firstValueFrom } from 'rxjs';
import { subscribeOnce } from '../../streams/subscription.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { visible } from '../domain/visible.ts';
import { uidFilter } from './account-search.ts';
import type { DirectorySession } from './directory-session.ts';

/**
 * Returns lines that say why the server does not report changes to the service. Returns none if the
 * server accepts a subscription for the entries with this uid.
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
    // The first change shows that the server has accepted the protocol.
    await firstValueFrom(subscription);
    return [];
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return [
      visible(`The server does not report changes to the service: ${error.message}.`),
      ...(error.remedy === undefined ? [] : [visible(`  Next: ${error.remedy}.`)]),
      '',
    ];
  }
}
