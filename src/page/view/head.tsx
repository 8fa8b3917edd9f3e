import type { ServiceSnapshot } from '../../domain/status.ts';
import { localTime, zoneName } from '../../observability/human-time.ts';
import type { ViewProps } from '../browser/view-state.ts';
import { age, type Link, STALE } from '../model/headline.ts';

/** How things are, in a sentence; what the service is connected to; and whether the view is live. */
export function Head({ state }: ViewProps) {
  const { headline, model, now, address, sinceHeld } = state;
  const time = new Date(now).toISOString();
  const isHeld = address.at !== undefined;
  return (
    <header class="head">
      <div class="bar">
        <h1>prov-backup-rsnapshot</h1>
        <span class="spacer" />
        <time class="clock" dateTime={time}>
          {localTime(time, time)} <span class="zone">{zoneName(time)}</span>
        </time>
        <button type="button" class="hold" aria-pressed={isHeld} onClick={() => state.actions.toggleHold()}>
          {isHeld ? `▶ live${sinceHeld > 0 ? ` (+${sinceHeld})` : ''}` : '❚❚ hold'}
        </button>
        <button type="button" class="quiet" aria-label="keys and signs" onClick={() => state.actions.help()}>
          ?
        </button>
      </div>
      <div class={`headline ${headline.tone}`} role="status">
        <span class="sign" aria-hidden="true">
          {SIGNS[headline.tone]}
        </span>
        <strong>{headline.title}</strong>
        {headline.details.map((detail) => (
          <span class="detail" key={detail}>
            {detail}
          </span>
        ))}
      </div>
      <ul class="facts" aria-label="connections and outlets">
        {facts(model.snapshot, state.link, now).map(({ name, words, isBad }) => (
          <li key={name} class={isBad ? 'bad' : ''}>
            <span class="name">{name}</span> {words}
          </li>
        ))}
      </ul>
    </header>
  );
}

const SIGNS = { good: '●', busy: '▬', bad: '✕', quiet: '◌' } as const;

interface Fact {
  readonly name: string;
  readonly words: string;
  readonly isBad?: boolean;
}

function facts(snapshot: ServiceSnapshot | undefined, link: Link, now: number): Fact[] {
  if (snapshot === undefined) return [{ name: 'page', words: linkWords(link, now), isBad: link.is === 'lost' }];
  const { connection, version, startedAt, journal, leases } = snapshot;
  const { url, protocol, server, refreshedAt, refreshedEntries, phase } = connection;
  const [serverName] = (server ?? '').split(';');
  const directory = [url ?? 'not connected yet', protocol, serverName].filter(
    (part) => part !== undefined && part !== '',
  );
  const list =
    refreshedAt === undefined
      ? []
      : [`${refreshedEntries ?? 0} open accounts, ${age(now, Date.parse(refreshedAt))} ago`];
  return [
    { name: 'page', words: linkWords(link, now), isBad: link.is === 'lost' },
    { name: 'directory', words: directory.join(', '), isBad: phase === 'reconnecting' },
    ...list.map((words) => ({ name: 'listed', words })),
    { name: 'service', words: `${version}, up for ${age(now, Date.parse(startedAt))}` },
    ...(journal === undefined ? [] : [journalFact(journal)]),
    ...(leases === undefined ? [] : [{ name: 'leases', words: `${leases.held} held, ${leases.paused} paused` }]),
  ];
}

function journalFact({ failure, lostEvents }: NonNullable<ServiceSnapshot['journal']>): Fact {
  const lost = lostEvents === 0 ? '' : `, ${lostEvents} events lost`;
  return { name: 'journal', words: `${failure ?? 'written'}${lost}`, isBad: failure !== undefined || lostEvents > 0 };
}

function linkWords(link: Link, now: number): string {
  switch (link.is) {
    case 'loading':
      return 'loading';
    case 'lost':
      return 'disconnected';
    case 'open': {
      const silent = now - link.answeredAt;
      return silent > STALE ? `no answer for ${age(now, link.answeredAt)}` : 'live';
    }
  }
}
