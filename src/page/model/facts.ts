import { counted } from '../../domain/counted.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { age, type Link, STALE } from './headline.ts';

/** A connection or an output of the service or of the page, and its state. */
export interface Fact {
  readonly name: string;
  readonly words: string;
  readonly isBad?: boolean;
}

/** Returns the state of the page, the directory, the service and its outputs. */
export function factsOf(snapshot: ServiceSnapshot | undefined, link: Link, now: number): Fact[] {
  const page = { name: 'page', words: linkWords(link, now), isBad: link.is === 'lost' };
  if (snapshot === undefined) return [page];
  const { connection, version, startedAt, leases } = snapshot;
  const { url, protocol, server, refreshedAt, refreshedEntries, phase } = connection;
  const [serverName] = (server ?? '').split(';');
  const directory = [url ?? 'not connected yet', protocol, serverName].filter((part) => part);
  return [
    page,
    { name: 'directory', words: directory.join(', '), isBad: phase === 'reconnecting' },
    ...(refreshedAt === undefined
      ? []
      : [
          {
            name: 'listed',
            words: `${counted(refreshedEntries ?? 0, 'open account')}, ${age(now, Date.parse(refreshedAt))} ago`,
          },
        ]),
    { name: 'service', words: `${version}, up for ${age(now, Date.parse(startedAt))}` },
    ...outletsOf(snapshot),
    ...(leases === undefined ? [] : [{ name: 'leases', words: `${leases.held} held, ${leases.paused} paused` }]),
  ];
}

function outletsOf({ outlets, notify }: ServiceSnapshot): Fact[] {
  return [
    ...outlets.map(({ outlet, failure, lost }) => outletFact(outlet, failure, lost)),
    ...(notify?.receivers ?? []).map(({ receiver, failure, lost }) => outletFact(receiver, failure, lost)),
  ];
}

function outletFact(name: string, failure: string | undefined, lost: number): Fact {
  const words = `${failure ?? 'works'}${lost === 0 ? '' : `, ${lost} lost`}`;
  return { name, words, isBad: failure !== undefined || lost > 0 };
}

function linkWords(link: Link, now: number): string {
  switch (link.is) {
    case 'loading':
      return 'loading';
    case 'lost':
      return 'disconnected';
    case 'open':
      return now - link.answeredAt > STALE ? `no answer for ${age(now, link.answeredAt)}` : 'live';
  }
}
