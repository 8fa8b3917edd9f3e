import { isSameDn } from '../domain/dn.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { renderEvent } from '../observability/render-event.ts';
import { followEvents } from '../operator/client.ts';
import { OperatorError } from '../operator/listen-address.ts';

/** The number of an account's last events that are shown. */
const MOST_EVENTS = 12;

/**
 * The last events of an account from a running service, as lines, or why there are none. Events
 * about an entry whose uid cannot be used have only a DN; `dns` selects them.
 */
export async function lastEvents(address: string, uid: string, dns: readonly string[]): Promise<string[]> {
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
  isWanted: (event: PublishedEvent) => boolean,
): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = [];
  for await (const followed of followEvents(address, { ...wanted, since: 'all', follow: false })) {
    if (followed.kind === 'event' && isWanted(followed.event)) events.push(followed.event);
    if (events.length > MOST_EVENTS) events.shift();
  }
  return events;
}
