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

/** The sources of information about an account; null: there is no such source. */
export interface Sources {
  /** The address of the running service. */
  readonly address: string | null;
  /** The folder of its journal. */
  readonly directory: string | null;
}

/** Selects events. */
interface Wanted {
  readonly uids: readonly string[];
  readonly events: readonly EventName[];
  readonly isWanted: (event: PublishedEvent) => boolean;
}

/**
 * Returns lines about an account: its condition in the running service and its last events. The
 * events come from the backlog of the service, and earlier ones from the journal. If a source
 * cannot be read, a line says why. Events about an entry whose uid cannot be used have only a DN;
 * `dns` selects them.
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
  const { recent, earlier } =
    ofUid.recent.length + ofUid.earlier.length > 0
      ? ofUid
      : await readPast({ address, directory }, { uids: [], events: ['skipped'], isWanted: ofEntry }, notes);
  const events = [...earlier, ...recent];
  const service = `the service at ${address}`;
  const journal = `the journal in ${directory}`;
  const lines = [
    ...notes,
    ...(conditions.length === 0 ? [] : [`In ${service}, the account is:`, ...conditions]),
    ...(events.length === 0
      ? []
      : [`The last events according to ${recent.length > 0 ? service : journal}:`, ...events.map(lineOf)]),
  ];
  if (lines.length > 0) return lines;
  const source = address === null ? journal : service;
  return [`There are no recent events about ${JSON.stringify(uid)} in ${source}.`];
}

/** The conditions of an account in the running service, as lines. */
async function fetchConditions(address: string, uid: string): Promise<string[]> {
  return conditionLines(await fetchStatus(address, { uid })).map((line) => `  ${visible(line)}`);
}

interface Past {
  readonly recent: readonly PublishedEvent[];
  /** The earlier events, from the journal. */
  readonly earlier: readonly PublishedEvent[];
}

async function readPast({ address, directory }: Sources, wanted: Wanted, notes: Set<string>): Promise<Past> {
  const recent = address === null ? [] : await orNote(fromService(address, wanted), notes);
  const earlier = directory === null ? [] : await orNote(fromJournal(directory, wanted, recent), notes);
  return { recent, earlier };
}

function lineOf(event: PublishedEvent): string {
  return `  ${localDay(event.time)} ${renderEvent(event, { colour: false })}`;
}

/** Resolves to an empty list if the source cannot be read. A note says why. */
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

/** Returns the events in the journal that are older than those from the service. */
async function fromJournal(
  directory: string,
  { uids, events, isWanted }: Wanted,
  recent: readonly PublishedEvent[],
): Promise<PublishedEvent[]> {
  const most = MOST_EVENTS - recent.length;
  if (most <= 0) return [];
  const until = recent[0] === undefined ? Number.POSITIVE_INFINITY : Date.parse(recent[0].time) - 1;
  const filter = { uids: new Set(uids.map((uid) => uid.toLowerCase())), events: new Set(events) };
  return lastInJournal(directory, { since: Number.NEGATIVE_INFINITY, until, filter }, most, isWanted);
}
