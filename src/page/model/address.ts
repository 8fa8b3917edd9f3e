import { MODES } from '../../domain/mode.ts';
import { isoTime } from '../../domain/timestamp.ts';
import { CONDITION_WORDS, type Condition } from './account.ts';
import { SPAN_WORDS, SPANS, type Span } from './axis.ts';
import type { Filter } from './filter.ts';

/** The part of the view that is in the address, so that a user can send it to others. */
export interface ViewAddress {
  readonly filter: Filter;
  readonly span: Span;
  /** The account that is open. */
  readonly uid: string | undefined;
  /** The end of the window while it is held, in milliseconds since 1970; undefined: it is live. */
  readonly at: number | undefined;
  /** Every account has a lane. */
  readonly all: boolean;
}

const DEFAULT_SPAN: Span = 600_000;

/** Reads the query of an address. Ignores what it cannot read. */
export function readAddress(query: string): ViewAddress {
  const given = new URLSearchParams(query);
  const words = (name: string) => (given.get(name) ?? '').split(',');
  const at = Date.parse(given.get('at') ?? '');
  return {
    filter: {
      text: given.get('q') ?? '',
      modes: MODES.filter((mode) => words('mode').includes(mode)),
      conditions: (Object.keys(CONDITION_WORDS) as Condition[]).filter((name) => words('is').includes(name)),
      cause: given.get('cause') ?? '',
    },
    span: SPANS.find((span) => spanWord(span) === given.get('span')) ?? DEFAULT_SPAN,
    uid: given.get('uid') ?? undefined,
    at: Number.isNaN(at) ? undefined : at,
    all: given.get('lanes') === 'all',
  };
}

/** Returns the query of an address: empty, or with its question mark. */
export function writeAddress({ filter, span, uid, at, all }: ViewAddress): string {
  const given = new URLSearchParams();
  if (filter.text !== '') given.set('q', filter.text);
  if (filter.modes.length > 0) given.set('mode', filter.modes.join(','));
  if (filter.conditions.length > 0) given.set('is', filter.conditions.join(','));
  if (filter.cause !== '') given.set('cause', filter.cause);
  if (span !== DEFAULT_SPAN) given.set('span', spanWord(span));
  if (uid !== undefined) given.set('uid', uid);
  if (at !== undefined) given.set('at', isoTime(at));
  if (all) given.set('lanes', 'all');
  const query = given.toString();
  return query === '' ? '' : `?${query}`;
}

function spanWord(span: Span): string {
  return SPAN_WORDS[span].replace(' ', '');
}
