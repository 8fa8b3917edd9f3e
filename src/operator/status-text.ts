import type { ServiceSnapshot } from '../domain/status.ts';
import { type Condition, type ConditionKind, currentStep, type StepNames } from './account-conditions.ts';
import { countAccounts, isReady, type StatusState } from './status-reducer.ts';

export interface StatusContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: string;
  readonly version: string;
  readonly steps?: StepNames | undefined;
  /** Longest list of accounts. */
  readonly limit: number;
}

/** So many accounts are written at a stretch: a millisecond's worth. */
const PIECE = 500;

type ListName = Exclude<ConditionKind, 'queued'>;
type Head = Omit<ServiceSnapshot, ListName | 'rates'>;
type Tail = Pick<ServiceSnapshot, 'rates'>;

/** The accounts of one list, and what is shown of each. */
interface Listed<T> {
  readonly conditions: readonly Condition[];
  /** Undefined for an account that is not in this condition. */
  readonly show: (condition: Condition) => T | undefined;
}

type Lists = { readonly [N in ListName]: Listed<ServiceSnapshot[N][number]> };

/**
 * What `/status` shows, a `ServiceSnapshot` as JSON: of each condition the accounts that have been in it longest, at most
 * `limit`. It tells how things stand at this call, and is written in pieces, between which others may have their turn:
 * there may be hundreds of thousands of accounts.
 */
export function statusText(state: StatusState, context: StatusContext): Iterable<string> {
  const { now, startedAt, version, steps, limit } = context;
  const [oldest] = state.accounts.byKind.queued.values();
  const head: Head = {
    time: new Date(now).toISOString(),
    startedAt,
    version,
    ready: isReady(state),
    connection: state.connection,
    counts: countAccounts(state),
    ...(oldest?.pending === undefined ? {} : { queuedSince: oldest.pending.since }),
  };
  return pieces(head, listsOf(state, limit, steps), { rates: state.rates.rates(now) });
}

function listsOf({ accounts: { byKind } }: StatusState, limit: number, steps: StepNames | undefined): Lists {
  const longest = (kind: ListName) => first(byKind[kind].values(), limit);
  return {
    inWork: {
      conditions: longest('inWork'),
      show: ({ uid, dn, work }) => {
        if (work?.kind !== 'inWork') return undefined;
        const step = currentStep(work, steps);
        return { uid, dn, ...withoutKind(work), ...(step === undefined ? {} : { step }) };
      },
    },
    failed: {
      conditions: longestFailed(byKind.failed.values(), limit),
      show: ({ uid, dn, work }) => (work?.kind === 'failed' ? { uid, dn, ...withoutKind(work) } : undefined),
    },
    retrying: {
      conditions: longest('retrying'),
      show: ({ uid, dn, work }) => (work?.kind === 'retrying' ? { uid, dn, ...withoutKind(work) } : undefined),
    },
    deferred: {
      conditions: longest('deferred'),
      show: ({ uid, dn, pending }) => (pending?.kind === 'deferred' ? { uid, dn, ...withoutKind(pending) } : undefined),
    },
    waiting: {
      conditions: longest('waiting'),
      show: ({ uid, dn, pending }) => (pending?.kind === 'waiting' ? { uid, dn, ...withoutKind(pending) } : undefined),
    },
  };
}

function* pieces(head: Head, lists: Lists, tail: Tail): Generator<string> {
  let text = JSON.stringify(head).slice(0, -1);
  for (const [name, { conditions, show }] of Object.entries(lists)) {
    text += `,${JSON.stringify(name)}:[`;
    for (const [index, condition] of conditions.entries()) {
      if (index > 0) text += ',';
      text += JSON.stringify(show(condition));
      if (index % PIECE !== PIECE - 1) continue;
      yield text;
      text = '';
    }
    text += ']';
  }
  yield `${text},${JSON.stringify(tail).slice(1)}`;
}

function first<T>(all: Iterable<T>, limit: number): T[] {
  const taken: T[] = [];
  for (const one of all) {
    if (taken.length >= limit) break;
    taken.push(one);
  }
  return taken;
}

/**
 * Those that failed first, in the order in which they failed: what had failed before the service started is told of in
 * whatever order. Only those that come before the latest of the ones chosen so far are looked at closely.
 */
function longestFailed(all: Iterable<Condition>, limit: number): Condition[] {
  let chosen: Condition[] = [];
  let latest: string | undefined;
  const choose = (): void => {
    chosen = chosen.sort(byBeginning).slice(0, limit);
    latest = chosen.length < limit ? undefined : sinceOf(chosen.at(-1));
  };
  for (const condition of all) {
    if (latest !== undefined && sinceOf(condition) >= latest) continue;
    chosen.push(condition);
    if (chosen.length >= 2 * limit) choose();
  }
  choose();
  return chosen;
}

function byBeginning(one: Condition, other: Condition): number {
  const [a, b] = [sinceOf(one), sinceOf(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function sinceOf(condition: Condition | undefined): string {
  return condition?.work?.since ?? '';
}

function withoutKind<T extends { kind: string }>({ kind: _, ...rest }: T): Omit<T, 'kind'> {
  return rest;
}
