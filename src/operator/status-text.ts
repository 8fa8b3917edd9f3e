import type { JournalHealth, ServiceSnapshot } from '../domain/status.ts';
import { type Condition, type ConditionKind, currentStep, type StepNames } from './account-conditions.ts';
import { countAccounts, isReady, type StatusState } from './status-reducer.ts';

export interface StatusContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: string;
  readonly version: string;
  readonly steps?: StepNames | undefined;
  /** The longest list of accounts. */
  readonly limit: number;
  readonly journal?: JournalHealth | undefined;
}

/** The number of accounts that are written without a pause; it takes about a millisecond. */
const ACCOUNTS_PER_PIECE = 500;

type ListName = Exclude<ConditionKind, 'queued'>;
type Head = Omit<ServiceSnapshot, ListName | 'rates'>;
type Tail = Pick<ServiceSnapshot, 'rates'>;

/** The accounts of one list, and what is shown of each. */
interface AccountList<T> {
  readonly conditions: readonly Condition[];
  /** Returns undefined for an account that is not in this condition. */
  readonly show: (condition: Condition) => T | undefined;
}

type Lists = { readonly [N in ListName]: AccountList<ServiceSnapshot[N][number]> };

/**
 * The response of `/status`: a `ServiceSnapshot` as JSON. Each list has the accounts that have been
 * in the condition longest, at most `limit`. The text describes the state at this call. It is made
 * in pieces, so that other work can run in between: there may be hundreds of thousands of accounts.
 */
export function statusText(state: StatusState, context: StatusContext): Iterable<string> {
  const { now, startedAt, version, steps, limit, journal } = context;
  const [oldest] = state.accounts.byKind.queued.values();
  const head: Head = {
    time: new Date(now).toISOString(),
    startedAt,
    version,
    ready: isReady(state),
    connection: state.connection,
    counts: countAccounts(state),
    ...(oldest?.pending === undefined ? {} : { queuedSince: oldest.pending.since }),
    ...(journal === undefined ? {} : { journal }),
  };
  return pieces(head, listsOf(state, limit, steps), { rates: state.rates.rates(now) });
}

function listsOf({ accounts: { byKind } }: StatusState, limit: number, steps: StepNames | undefined): Lists {
  const longest = (kind: ListName) => firstOf(byKind[kind].values(), limit);
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
      if (index % ACCOUNTS_PER_PIECE !== ACCOUNTS_PER_PIECE - 1) continue;
      yield text;
      text = '';
    }
    text += ']';
  }
  yield `${text},${JSON.stringify(tail).slice(1)}`;
}

function firstOf<T>(all: Iterable<T>, limit: number): T[] {
  const taken: T[] = [];
  for (const one of all) {
    if (taken.length >= limit) break;
    taken.push(one);
  }
  return taken;
}

/**
 * The accounts that failed first, in the order of their failures. The Map is not in that order, as
 * failures from before the start of the service are reported in any order. An account is only kept
 * if it failed before the latest of those chosen so far.
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
