import { isSameDn } from '../domain/dn.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { renderEvent } from '../observability/render-event.ts';
import { followEvents } from '../operator/client.ts';
import { OperatorError } from '../operator/listen-address.ts';

/** How many of an account's last events are shown. */
const SHOWN = 12;

/**
 * What a running service's stream last said of an account, line by line; why not, where none can be asked. Of an entry whose uid
 * it cannot work with it speaks by the DN: one of `dns`.
 */
export async function lastSaid(address: string, uid: string, dns: readonly string[]): Promise<string[]> {
  let events: PublishedEvent[];
  try {
    events = await pastEvents(address, { uids: [uid] }, () => true);
    if (events.length === 0) {
      const ofEntry = (event: PublishedEvent) => event.event === 'skipped' && dns.some((dn) => isSameDn(dn, event.dn));
      events = await pastEvents(address, { events: ['skipped'] }, ofEntry);
    }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return [`No running service could be asked: ${error.message}`];
  }
  if (events.length === 0)
    return [`The service at ${address} runs, and has said nothing of ${JSON.stringify(uid)} lately.`];
  return [
    `The service at ${address} last said of it:`,
    ...events.map((event) => `  ${event.time.slice(0, 10)} ${renderEvent(event, { colour: false })}`),
  ];
}

async function pastEvents(
  address: string,
  wanted: { readonly uids?: readonly string[]; readonly events?: readonly string[] },
  isMeant: (event: PublishedEvent) => boolean,
): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = [];
  for await (const followed of followEvents(address, { ...wanted, since: 'all', follow: false })) {
    if (followed.kind === 'event' && isMeant(followed.event)) events.push(followed.event);
    if (events.length > SHOWN) events.shift();
  }
  return events;
}
