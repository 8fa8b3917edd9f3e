import { isSameDn } from '../domain/dn.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import { JournalError } from '../journal/journal-error.ts';
import { lastInJournal } from '../journal/read-journal.ts';
import { renderEvent } from '../observability/render-event.ts';
import { followEvents } from '../operator/client.ts';
import { OperatorError } from '../operator/listen-address.ts';

/** The number of an account's last events that are shown. */
const MOST_EVENTS = 12;

/** What can be asked for events of the past; null: there is no such thing. */
export interface EventSources {
  /** The address of the running service. */
  readonly address: string | null;
  /** The folder of its journal. */
  readonly directory: string | null;
}

/** Which events are wanted. */
interface Wanted {
  readonly uids: readonly string[];
  readonly events: readonly EventName[];
  readonly isWanted: (event: PublishedEvent) => boolean;
}

/**
 * The last events of an account as lines, or why there are none: those that a running service still
 * has, and before them those of the journal. Events about an entry whose uid cannot be used have
 * only a DN; `dns` selects them.
 */
export async function lastEvents(
  { address, directory }: EventSources,
  uid: string,
  dns: readonly string[],
): Promise<string[]> {
  const ofEntry = (event: PublishedEvent) => event.event === 'skipped' && dns.some((dn) => isSameDn(dn, event.dn));
  const ofUid = await read({ address, directory }, { uids: [uid], events: [], isWanted: () => true });
  const { said, before, notes } =
    ofUid.said.length + ofUid.before.length > 0
      ? ofUid
      : await read({ address, directory }, { uids: [], events: ['skipped'], isWanted: ofEntry });
  const events = [...before, ...said];
  const who = said.length > 0 ? `The service at ${address}` : `The journal in ${directory}`;
  if (events.length > 0) return [...notes, `${who} last said of it:`, ...events.map(lineOf)];
  const asked = address === null ? who : `The service at ${address} runs, and`;
  return notes.length > 0 ? [...notes] : [`${asked} has said nothing of ${JSON.stringify(uid)} lately.`];
}

interface Found {
  readonly said: readonly PublishedEvent[];
  /** What the journal has from before that. */
  readonly before: readonly PublishedEvent[];
  /** Who could not be asked, and why. */
  readonly notes: readonly string[];
}

async function read({ address, directory }: EventSources, wanted: Wanted): Promise<Found> {
  const notes: string[] = [];
  const said = address === null ? [] : await orNote(fromService(address, wanted), notes);
  const before = directory === null ? [] : await orNote(fromJournal(directory, wanted, said), notes);
  return { said, before, notes };
}

function lineOf(event: PublishedEvent): string {
  return `  ${event.time.slice(0, 10)} ${renderEvent(event, { colour: false })}`;
}

/** Nothing if it cannot be asked, and a line that says why. */
async function orNote(reading: Promise<PublishedEvent[]>, notes: string[]): Promise<PublishedEvent[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof OperatorError) notes.push(`No running service could be asked: ${error.message}`);
    else if (error instanceof JournalError) notes.push(`The journal cannot be read: ${error.message}`);
    else throw error;
    return [];
  }
}

async function fromService(address: string, { isWanted, ...wanted }: Wanted): Promise<PublishedEvent[]> {
  const events: PublishedEvent[] = [];
  for await (const followed of followEvents(address, { ...wanted, since: 'all', follow: false })) {
    if (followed.kind === 'event' && isWanted(followed.event)) events.push(followed.event);
    if (events.length > MOST_EVENTS) events.shift();
  }
  return events;
}

/** Those that come before what the service has said. */
async function fromJournal(
  directory: string,
  { uids, events, isWanted }: Wanted,
  said: readonly PublishedEvent[],
): Promise<PublishedEvent[]> {
  const most = MOST_EVENTS - said.length;
  if (most <= 0) return [];
  const until = said[0] === undefined ? Number.POSITIVE_INFINITY : Date.parse(said[0].time) - 1;
  const filter = { uids: new Set(uids.map((uid) => uid.toLowerCase())), events: new Set(events) };
  return lastInJournal(directory, { since: Number.NEGATIVE_INFINITY, until, filter }, most, isWanted);
}
