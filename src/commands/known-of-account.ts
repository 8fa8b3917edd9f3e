import { isSameDn } from '../domain/dn.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import { visible } from '../domain/visible.ts';
import { JournalError } from '../journal/journal-error.ts';
import { lastInJournal } from '../journal/read-journal.ts';
import { conditionLines } from '../observability/condition-words.ts';
import { localDay } from '../observability/human-time.ts';
import { renderEvent } from '../observability/render-event.ts';
import { fetchStatus } from '../operator/fetch-status.ts';
import { followEvents } from '../operator/follow-events.ts';
import { OperatorError } from '../operator/listen-address.ts';

/** The number of an account's last events that are shown. */
const MOST_EVENTS = 12;

/** What can be asked about an account; null: there is no such thing. */
export interface Sources {
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
 * What is known of an account, as lines, or why that cannot be said: what the running service has
 * it as, its last events that the service still has, and before them those of the journal. Events
 * about an entry whose uid cannot be used have only a DN; `dns` selects them.
 */
export async function knownOfAccount(
  { address, directory }: Sources,
  uid: string,
  dns: readonly string[],
): Promise<string[]> {
  const notes = new Set<string>();
  const conditions = address === null ? [] : await orNote(fetchConditions(address, uid), notes);
  const ofEntry = (event: PublishedEvent) => event.event === 'skipped' && dns.some((dn) => isSameDn(dn, event.dn));
  const ofUid = await readPast({ address, directory }, { uids: [uid], events: [], isWanted: () => true }, notes);
  const { said, before } =
    ofUid.said.length + ofUid.before.length > 0
      ? ofUid
      : await readPast({ address, directory }, { uids: [], events: ['skipped'], isWanted: ofEntry }, notes);
  const events = [...before, ...said];
  const service = `The service at ${address}`;
  const journal = `The journal in ${directory}`;
  const lines = [
    ...notes,
    ...(conditions.length === 0 ? [] : [`${service} has it:`, ...conditions]),
    ...(events.length === 0 ? [] : [`${said.length > 0 ? service : journal} last said of it:`, ...events.map(lineOf)]),
  ];
  if (lines.length > 0) return lines;
  return [`${address === null ? journal : `${service} runs, and`} has said nothing of ${JSON.stringify(uid)} lately.`];
}

/** The conditions of an account in the running service, as lines. */
async function fetchConditions(address: string, uid: string): Promise<string[]> {
  return conditionLines(await fetchStatus(address, { uid })).map((line) => `  ${visible(line)}`);
}

interface Past {
  readonly said: readonly PublishedEvent[];
  /** What the journal has from before that. */
  readonly before: readonly PublishedEvent[];
}

async function readPast({ address, directory }: Sources, wanted: Wanted, notes: Set<string>): Promise<Past> {
  const said = address === null ? [] : await orNote(fromService(address, wanted), notes);
  const before = directory === null ? [] : await orNote(fromJournal(directory, wanted, said), notes);
  return { said, before };
}

function lineOf(event: PublishedEvent): string {
  return `  ${localDay(event.time)} ${renderEvent(event, { colour: false })}`;
}

/** Nothing if it cannot be asked; the note says why. */
async function orNote<T>(reading: Promise<T[]>, notes: Set<string>): Promise<T[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof OperatorError) notes.add(visible(`No running service could be asked: ${error.message}`));
    else if (error instanceof JournalError) notes.add(visible(`The journal cannot be read: ${error.message}`));
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
