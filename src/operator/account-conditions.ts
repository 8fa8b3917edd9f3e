import { comparableDn } from '../domain/dn.ts';
import type { AccountRef, PublishedEvent } from '../domain/event.ts';
import { LargeMap } from '../domain/large-map.ts';
import { type Mode, readMode } from '../domain/mode.ts';

/**
 * The steps of each mode's handler, in order. They give the running step, as a `step` event comes
 * when a step has ended.
 */
export type StepNames = Readonly<Record<Mode, readonly string[]>>;

/** What an account waits for: its turn, its day, or a change of the entry. */
type Pending = { readonly mode: string; readonly since: string } & (
  | { readonly kind: 'queued' }
  | { readonly kind: 'deferred'; readonly until: string }
  | { readonly kind: 'waiting'; readonly reason: string }
);

/** The state of the last attempt: it runs, it will be repeated, or it has failed finally. */
type Work = { readonly mode: string; readonly since: string } & (
  | {
      readonly kind: 'inWork';
      readonly resumed: boolean;
      readonly job?: string;
      readonly lastStep?: string;
      readonly lastStepAt?: string;
    }
  | { readonly kind: 'retrying'; readonly attempt: number; readonly reason: string; readonly dueAt: string }
  | { readonly kind: 'failed'; readonly returnValue: number; readonly reason: string; readonly step?: string }
);

/**
 * The condition of an open account, from its events. Both parts are independent: a newer request
 * may be queued while an attempt runs. An account with neither part is removed, so memory holds
 * open accounts only.
 */
export interface Condition {
  readonly uid: string;
  readonly dn: string;
  readonly pending: Pending | undefined;
  readonly work: Work | undefined;
}

/** The kinds of both parts of a condition. */
export type ConditionKind = Pending['kind'] | Work['kind'];

/** The conditions of all open accounts, by lower-case uid and by comparable DN. */
export interface Conditions {
  readonly byUid: LargeMap<Condition>;
  readonly uidByDn: LargeMap<string>;
  /** By kind, then by uid. The account that has been in the condition longest comes first. */
  readonly byKind: Readonly<Record<ConditionKind, Map<string, Condition>>>;
}

export function noConditions(): Conditions {
  const byKind = {
    queued: new Map(),
    deferred: new Map(),
    waiting: new Map(),
    inWork: new Map(),
    retrying: new Map(),
    failed: new Map(),
  };
  return { byUid: new LargeMap(), uidByDn: new LargeMap(), byKind };
}

/** The events that may change the condition of an account. */
type AccountEvent = Exclude<Extract<PublishedEvent, { readonly dn: string }>, { event: 'received' | 'output' }>;
type Parts = Pick<Condition, 'pending' | 'work'>;

const NOTHING: Parts = { pending: undefined, work: undefined };

/** Updates the conditions after one event. Accepts any event in any order. */
export function applyEvent(conditions: Conditions, event: PublishedEvent): void {
  if (!('dn' in event) || event.event === 'received' || event.event === 'output') return;
  const ref = hasUid(event) ? event : conditionByDn(conditions, event.dn);
  if (ref === undefined) return;
  const key = ref.uid.toLowerCase();
  const known = conditions.byUid.get(key);
  storeCondition(conditions, key, known, ref, nextParts(known ?? NOTHING, event));
}

/** The parts of a condition after an event. Pure. */
function nextParts({ pending, work }: Parts, event: AccountEvent): Parts {
  const { time: since } = event;
  switch (event.event) {
    case 'queued':
    case 'deferred':
    case 'waiting':
      return { pending: nextPending(pending, event), work: onlyIfRunning(work) };
    case 'claimed':
    case 'resumed': {
      // An attempt may begin with both events.
      const same = work?.kind === 'inWork' && work.job === event.job ? work : undefined;
      const resumed = event.event === 'resumed' || same?.resumed === true;
      const job = event.job === undefined ? {} : { job: event.job };
      const begun = same?.since ?? since;
      return { pending: undefined, work: { kind: 'inWork', mode: event.mode, since: begun, resumed, ...job } };
    }
    case 'step':
      return {
        pending,
        work: work?.kind === 'inWork' ? { ...work, lastStep: event.name, lastStepAt: since } : work,
      };
    case 'failed': {
      const { mode, returnValue, reason } = event;
      const step = event.step === '' ? {} : { step: event.step };
      return { pending, work: { kind: 'failed', mode, since, returnValue, reason, ...step } };
    }
    case 'retrying': {
      const { mode, attempt, reason } = event;
      return { pending, work: { kind: 'retrying', mode, since, attempt, reason, dueAt: dueAt(event) } };
    }
    case 'finished':
    case 'superseded':
      return { pending, work: undefined };
    case 'conflict':
      // Without an attempt under way the claim has failed, so the queued request is void.
      return { pending: work === undefined ? undefined : pending, work: undefined };
    case 'skipped':
      return { pending: undefined, work: afterSkip(work, event) };
    case 'left':
      return { pending: undefined, work: onlyIfRunning(work) };
  }
}

/** The pending part after an event. A repetition of the same kind keeps its `since`. */
function nextPending(pending: Pending | undefined, event: Extract<AccountEvent, { event: Pending['kind'] }>): Pending {
  const { mode } = event;
  const since = pending?.kind === event.event ? pending.since : event.time;
  switch (event.event) {
    case 'queued':
      return { kind: 'queued', mode, since };
    case 'deferred':
      return { kind: 'deferred', mode, since, until: event.until };
    case 'waiting':
      return { kind: 'waiting', mode, since, reason: event.reason };
  }
}

function afterSkip(work: Work | undefined, event: PublishedEvent & { readonly event: 'skipped' }): Work | undefined {
  if (work?.kind === 'inWork') return work;
  const { mode = '', returnValue, reason } = event;
  const earlierFailure = work?.kind === 'failed' ? work : undefined;
  if (returnValue === undefined) return readMode(mode)?.phase === 'inWork' ? earlierFailure : undefined;
  if (earlierFailure?.returnValue === returnValue) return earlierFailure;
  return { kind: 'failed', mode, since: event.failedAt ?? event.time, returnValue, reason };
}

/**
 * The running step: the one after the last that ended. Undefined if the handler's steps are not
 * known.
 */
export function currentStep(work: Work, steps: StepNames | undefined): string | undefined {
  const mode = readMode(work.mode)?.mode;
  if (steps === undefined || mode === undefined || work.kind !== 'inWork') return undefined;
  const names = steps[mode];
  return names[work.lastStep === undefined ? 0 : names.indexOf(work.lastStep) + 1];
}

function storeCondition(
  { byUid, uidByDn, byKind }: Conditions,
  key: string,
  known: Condition | undefined,
  { uid, dn }: Pick<AccountRef, 'uid' | 'dn'>,
  { pending, work }: Parts,
): void {
  const condition = { uid, dn, pending, work };
  moveBetweenKinds(byKind, key, known?.pending, pending, condition);
  moveBetweenKinds(byKind, key, known?.work, work, condition);
  const isOpen = pending !== undefined || work !== undefined;
  if (known !== undefined && !(isOpen && known.dn === dn)) {
    const former = comparableDn(known.dn);
    if (uidByDn.get(former) === key) uidByDn.delete(former);
  }
  if (!isOpen) {
    byUid.delete(key);
    return;
  }
  byUid.set(key, condition);
  if (known?.dn !== dn) uidByDn.set(comparableDn(dn), key);
}

/** Moves an account between the kinds. It keeps its position while its condition is the same. */
function moveBetweenKinds(
  byKind: Conditions['byKind'],
  key: string,
  before: Pending | Work | undefined,
  now: Pending | Work | undefined,
  condition: Condition,
): void {
  const isUnchanged = before === undefined || (before.kind === now?.kind && before.since === now.since);
  if (!isUnchanged) byKind[before.kind].delete(key);
  if (now !== undefined) byKind[now.kind].set(key, condition);
}

/** Keeps a running attempt, whatever the event says of the entry. An ended attempt is replaced. */
function onlyIfRunning(work: Work | undefined): Work | undefined {
  return work?.kind === 'inWork' ? work : undefined;
}

function hasUid(event: { readonly uid?: string; readonly dn: string }): event is { uid: string; dn: string } {
  return event.uid !== undefined;
}

function conditionByDn({ byUid, uidByDn }: Conditions, dn: string): Condition | undefined {
  const key = uidByDn.get(comparableDn(dn));
  return key === undefined ? undefined : byUid.get(key);
}

function dueAt({ time, inMilliseconds }: { time: string; inMilliseconds: number }): string {
  const at = Date.parse(time) + inMilliseconds;
  return Number.isNaN(at) ? time : new Date(at).toISOString();
}
