import { counted } from '../../domain/counted.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { isoTime } from '../../domain/timestamp.ts';
import { withoutUrl } from '../../observability/describe-event.ts';
import { humanDuration, localTime } from '../../observability/human-time.ts';

/**
 * The state of the connection to the service. Times are in milliseconds since 1970, by the clock of
 * the service.
 */
export type Link =
  | { readonly is: 'loading' }
  /** `answeredAt`: when `/status` was last answered. */
  | { readonly is: 'open'; readonly answeredAt: number }
  | { readonly is: 'lost'; readonly answeredAt: number | undefined; readonly retryAt: number; readonly reason: string };

/** After this many milliseconds without an answer the page no longer says that it is live. */
export const STALE = 10_000;

type Tone = 'good' | 'busy' | 'bad' | 'quiet';

/** The top of the page: the state of the service in one sentence, with details. */
export interface Headline {
  readonly tone: Tone;
  readonly title: string;
  readonly details: readonly string[];
}

/**
 * Returns the most important thing to say. `lastDone`: when an account was last finished, if that
 * is known.
 */
export function headlineOf(
  link: Link,
  snapshot: ServiceSnapshot | undefined,
  now: number,
  lastDone: number | undefined,
): Headline {
  if (link.is === 'lost') return lostHeadline(link, now);
  if (snapshot === undefined) return { tone: 'quiet', title: 'Asking the service…', details: [] };
  if (link.is === 'open' && now - link.answeredAt > STALE) {
    return {
      tone: 'bad',
      title: `No answer for ${age(now, link.answeredAt)}`,
      details: [showing(link.answeredAt, now)],
    };
  }
  return serviceHeadline(snapshot, now, lastDone);
}

function lostHeadline({ answeredAt, retryAt, reason }: Extract<Link, { is: 'lost' }>, now: number): Headline {
  const next = retryAt <= now ? 'trying again' : `trying again in ${Math.ceil((retryAt - now) / 1_000)} s`;
  const shown = answeredAt === undefined ? [] : [showing(answeredAt, now)];
  return { tone: 'bad', title: 'The service does not answer', details: [...shown, next, reason] };
}

function showing(at: number, now: number): string {
  return `showing ${localTime(isoTime(at), isoTime(now))}, ${age(now, at)} ago`;
}

function serviceHeadline(snapshot: ServiceSnapshot, now: number, lastDone: number | undefined): Headline {
  const { connection } = snapshot;
  const { phase, since, url, reason, remedy, attempt } = connection;
  const sinceWords = since === undefined ? [] : [`since ${localTime(since, isoTime(now))}`];
  switch (phase) {
    case 'starting':
      return { tone: 'busy', title: 'Starting: not connected to the directory yet', details: sinceWords };
    case 'refreshing':
      return { tone: 'busy', title: 'Connected, listing the open accounts', details: sinceWords };
    case 'reconnecting': {
      const why = reason === undefined ? [] : [`${url ?? 'directory'}: ${withoutUrl(reason, url)}`];
      const tries = attempt === undefined ? [] : [`attempt ${attempt}`];
      const todo = remedy === undefined ? [] : [`to do: ${remedy}`];
      return { tone: 'bad', title: 'Cut off from the directory', details: [...sinceWords, ...why, ...todo, ...tries] };
    }
    case 'draining':
      return { tone: 'busy', title: 'Stopping: running scripts finish', details: sinceWords };
    case 'stopped':
      return { tone: 'bad', title: 'The service has stopped', details: sinceWords };
    case 'live':
      return liveHeadline(snapshot, now, lastDone);
  }
}

function liveHeadline(snapshot: ServiceSnapshot, now: number, lastDone: number | undefined): Headline {
  const { counts, stuck, connection } = snapshot;
  const [pause] = snapshot.pauses;
  const connected = connection.since === undefined ? [] : [`connected for ${age(now, Date.parse(connection.since))}`];
  const last =
    lastDone === undefined ? [] : [`the last account was done at ${localTime(isoTime(lastDone), isoTime(now))}`];
  const parts = [
    stuck === 0 ? '' : `${counted(stuck, 'account')} stuck in work`,
    counts.failed === 0 ? '' : `${counted(counts.failed, 'account')} failed`,
    counts.inWork - stuck <= 0 ? '' : `${counts.inWork - stuck} in work`,
    counts.queued === 0 ? '' : `${counts.queued} queued`,
    counts.retrying === 0 ? '' : `${counts.retrying} retrying`,
    counts.waiting === 0 ? '' : `${counts.waiting} waiting`,
  ].filter((part) => part !== '');
  if (pause !== undefined) {
    const { by, holds, reason, since, who } = pause;
    const title = `${holds === 'deletes' ? 'Deletes are paused' : 'Paused'} by ${who ?? by}: ${reason}`;
    return { tone: 'bad', title, details: [`since ${localTime(since, isoTime(now))}`, ...parts] };
  }
  if (parts.length === 0) return { tone: 'good', title: 'Nothing to do', details: [...last, ...connected] };
  const tone: Tone = stuck + counts.failed > 0 ? 'bad' : 'busy';
  return { tone, title: parts.join(', '), details: connected };
}

/** Returns how long ago a time was, in whole seconds or more. */
export function age(now: number, at: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  return seconds === 0 ? '0 s' : humanDuration(seconds * 1_000);
}
