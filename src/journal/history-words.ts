import { counted } from '../domain/counted.ts';
import { withoutName } from '../observability/condition-words.ts';
import { namedCode } from '../observability/describe-event.ts';
import { humanDuration } from '../observability/human-time.ts';
import type { AttemptItem, HistoryItem } from './history-item.ts';

type Item<K extends HistoryItem['kind']> = Extract<HistoryItem, { readonly kind: K }>;

/** The request in words: `cn=admin,dc=example,dc=org requests add`. */
export function requestWords({ modifiedBy, mode }: Item<'request'>): string {
  return `${modifiedBy ?? 'an unknown client'} requests ${mode}`;
}

export function missedWords({ events }: Item<'missed'>): string {
  return `${counted(events, 'event', ['is', 'are'])} missing before this: the journal could not be written`;
}

/** How an attempt began. */
export function beginWords({ job, mode, resumed, queuedMilliseconds }: AttemptItem): string {
  const queued = queuedMilliseconds === undefined ? '' : `, ${humanDuration(queuedMilliseconds)} after it was queued`;
  return `attempt ${job} to ${mode}${resumed ? ', resumed' : ''}${queued}`;
}

/** How an attempt ended, and after how long. */
export function endWords({ end, milliseconds }: AttemptItem): string {
  const lasted = milliseconds === undefined ? '' : ` after ${humanDuration(milliseconds)}`;
  switch (end.as) {
    case 'finished':
      return `finished${lasted}`;
    case 'failed': {
      const { returnValue, step, cause, reason } = end;
      return `failed${lasted} with ${namedCode(returnValue)} in step ${step}${lastWords(cause)}; ${withoutName(reason, returnValue)}`;
    }
    case 'retrying':
      return `to be tried again${lasted}${lastWords(end.cause)}; ${end.reason}`;
    case 'superseded':
      return `superseded${lasted}: ${end.reason}`;
    case 'interrupted':
      return 'was interrupted before this: the service was stopped';
    case 'unknown':
      return 'no end is known: the service is still working on it, or was stopped';
  }
}

function lastWords(cause: string | undefined): string {
  return cause === undefined ? '' : `: "${cause}"`;
}
