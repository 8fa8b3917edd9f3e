import type { AccountsView, ConditionName } from '../domain/condition.ts';
import type { LeasesStatus } from '../domain/lease-status.ts';
import type { NotifyStatus } from '../domain/notify.ts';
import type { Pause } from '../domain/pause.ts';
import type { CanaryStatus, OutletHealth, ServiceSnapshot } from '../domain/status.ts';
import { isoTime } from '../domain/timestamp.ts';
import { isReady, type StatusState } from './status-reducer.ts';
import type { Of, Survey } from './survey.ts';

export interface StatusContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The longest list of accounts. */
  readonly limit: number;
  readonly startedAt: string;
  readonly version: string;
  readonly pauses: readonly Pause[];
  readonly leases?: LeasesStatus | undefined;
  readonly notify?: NotifyStatus | undefined;
  readonly outlets: readonly OutletHealth[];
  readonly canary?: CanaryStatus | undefined;
}

/**
 * The number of accounts that are written before other work may run. To write them takes about a
 * millisecond.
 */
const WRITTEN_PER_PIECE = 500;

type Show<C extends ConditionName> = (condition: Of<C>, survey: Survey) => ServiceSnapshot[C][number];

/** What `/status` shows about an account in each condition. The order is the order of the lists. */
const SHOW: { readonly [C in ConditionName]: Show<C> } = {
  failed: ({ returnValue, step, reason, cause, modifiedBy, ...account }) => ({
    ...shown(account),
    returnValue,
    reason,
    ...(step === undefined || step === '' ? {} : { step }),
    ...(cause === undefined ? {} : { cause }),
    ...(modifiedBy === undefined ? {} : { modifiedBy }),
  }),
  inWork: (condition, found) => {
    const { job, doing, attempt, resumed, step, stepSince, begunAt } = condition;
    return {
      ...shown(condition),
      ...(job === undefined ? {} : { job }),
      doing,
      attempt,
      resumed,
      begunAt: isoTime(begunAt),
      ...(step === undefined || stepSince === undefined ? {} : { step, stepSince: isoTime(stepSince) }),
      stuck: found.isStuck(condition),
    };
  },
  retrying: ({ attempt, reason, dueAt, ...account }) => ({
    ...shown(account),
    attempt,
    reason,
    dueAt: isoTime(dueAt),
  }),
  waiting: ({ reason, ...account }) => ({ ...shown(account), reason }),
  queued: (account) => shown(account),
  deferred: ({ until, ...account }) => ({ ...shown(account), until }),
};

/**
 * The response of `/status`: a `ServiceSnapshot` as JSON. Each list has the accounts that have been
 * in the condition longest, at most `limit`, which the survey has to list. The text is created in
 * pieces, so that other work can run in between.
 */
export function* statusText(
  state: StatusState,
  accounts: AccountsView,
  found: Survey,
  { now, limit, startedAt, version, pauses, leases, notify, outlets, canary }: StatusContext,
): Generator<string> {
  const oldest = Object.entries(found.oldest).map(([condition, since]) => [condition, isoTime(since)]);
  const head: Omit<ServiceSnapshot, ConditionName> = {
    time: isoTime(now),
    startedAt,
    version,
    ready: isReady(state),
    connection: state.connection,
    pauses: pauses.map(({ since, ...pause }) => ({ ...pause, since: isoTime(since) })),
    slots: accounts.slots,
    busy: accounts.busy,
    counts: accounts.counts(),
    stuck: found.stuck,
    oldest: Object.fromEntries(oldest),
    attempts: state.attempts.times(),
    rates: state.rates.rates(now),
    failures: found.failures.groups(),
    ...(leases === undefined ? {} : { leases }),
    ...(notify === undefined ? {} : { notify }),
    outlets,
    ...(canary === undefined ? {} : { canary }),
  };
  yield* pieces(head, found, limit);
}

function* pieces(head: Omit<ServiceSnapshot, ConditionName>, found: Survey, limit: number): Generator<string> {
  let text = JSON.stringify(head).slice(0, -1);
  let written = 0;
  for (const [name, show] of Object.entries(SHOW) as [ConditionName, Show<ConditionName>][]) {
    text += `,${JSON.stringify(name)}:[`;
    for (const [index, condition] of found.lists[name].items().slice(0, limit).entries()) {
      if (index > 0) text += ',';
      text += JSON.stringify(show(condition as never, found));
      written += 1;
      if (written % WRITTEN_PER_PIECE !== 0) continue;
      yield text;
      text = '';
    }
    text += ']';
  }
  yield `${text}}`;
}

function shown({ uid, dn, mode, since }: { uid: string; dn: string; mode: string; since: number | undefined }) {
  return { uid, dn, mode, ...(since === undefined ? {} : { since: isoTime(since) }) };
}
