import { comparableDn } from '../domain/dn.ts';
import type { AccountRef, PublishedEvent } from '../domain/event.ts';
import { type Mode, readMode } from '../domain/mode.ts';

/** The steps of each mode's handler, in order: they tell which one runs, as a `step` event comes at a step's end. */
export type StepNames = Readonly<Record<Mode, readonly string[]>>;

/** What an account waits for, if anything: its turn, its day, or a change of the entry. */
type Pending = { readonly mode: string; readonly since: string } & (
  | { readonly kind: 'queued' }
  | { readonly kind: 'deferred'; readonly until: string }
  | { readonly kind: 'waiting'; readonly reason: string }
);

/** What became of the attempt at an account: it runs, it will be repeated, or it failed and stands. */
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
 * An open account as the stream last spoke of it. Both parts are independent: while an attempt runs, a newer request for
 * the same account may already be queued. An account with neither is forgotten, so memory holds what is open and no more.
 */
export interface Condition {
  readonly uid: string;
  readonly dn: string;
  readonly pending?: Pending;
  readonly work?: Work;
}

/** All open accounts, by uid and by DN as LDAP compares them. */
export interface Conditions {
  readonly byUid: Map<string, Condition>;
  readonly uidByDn: Map<string, string>;
}

export function noConditions(): Conditions {
  return { byUid: new Map(), uidByDn: new Map() };
}

type AccountEvent = Extract<PublishedEvent, { readonly dn: string }>;
type Parts = Pick<Condition, 'pending' | 'work'>;
type Next = { readonly [K in keyof Parts]: Parts[K] | undefined };

/** Takes one event into the conditions that it is given. Total for every event in any order. */
export function applyEvent(conditions: Conditions, event: PublishedEvent): void {
  if (!('dn' in event)) return;
  const ref = named(event) ? event : byDn(conditions, event.dn);
  if (ref === undefined) return;
  const known = conditions.byUid.get(ref.uid.toLowerCase()) ?? {};
  const next = nextParts(known, event);
  if (next !== undefined) store(conditions, ref, next);
}

/** What is known of an account after an event about it; undefined where the event changes nothing. Pure. */
function nextParts({ pending, work }: Parts, event: AccountEvent): Next | undefined {
  const { time: since } = event;
  switch (event.event) {
    case 'queued':
      return { pending: { kind: 'queued', ...begun('queued', pending, event) }, work: running(work) };
    case 'deferred':
      return {
        pending: { kind: 'deferred', ...begun('deferred', pending, event), until: event.until },
        work: running(work),
      };
    case 'waiting':
      return {
        pending: { kind: 'waiting', ...begun('waiting', pending, event), reason: event.reason },
        work: running(work),
      };
    case 'claimed':
    case 'resumed': {
      // One piece of work may begin with both events.
      const same = work?.kind === 'inWork' && work.job === event.job ? work : undefined;
      const resumed = event.event === 'resumed' || same?.resumed === true;
      const job = event.job === undefined ? {} : { job: event.job };
      return { work: { kind: 'inWork', mode: event.mode, since: same?.since ?? since, resumed, ...job } };
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
      return { pending };
    case 'conflict':
      // Where no attempt was under way, it is the claim that failed: what is queued has become void.
      return work === undefined ? {} : { pending };
    case 'skipped':
      return { work: afterSkip(work, event) };
    case 'left':
      return { work: running(work) };
    case 'received':
    case 'output':
      return undefined;
  }
}

function afterSkip(work: Work | undefined, event: PublishedEvent & { readonly event: 'skipped' }): Work | undefined {
  if (work?.kind === 'inWork') return work;
  const { mode = '', returnValue, reason } = event;
  const stands = work?.kind === 'failed' ? work : undefined;
  if (returnValue === undefined) return readMode(mode)?.phase === 'inWork' ? stands : undefined;
  if (stands?.returnValue === returnValue) return stands;
  return { kind: 'failed', mode, since: event.failedAt ?? event.time, returnValue, reason };
}

/** The step that runs now: the one after the last that ended, where the handler's steps are known. */
export function currentStep(work: Work, steps: StepNames | undefined): string | undefined {
  const mode = readMode(work.mode)?.mode;
  if (steps === undefined || mode === undefined || work.kind !== 'inWork') return undefined;
  const names = steps[mode];
  return names[work.lastStep === undefined ? 0 : names.indexOf(work.lastStep) + 1];
}

function store({ byUid, uidByDn }: Conditions, { uid, dn }: Pick<AccountRef, 'uid' | 'dn'>, next: Next): void {
  const { pending, work } = next;
  const key = uid.toLowerCase();
  const former = byUid.get(key);
  const formerDn = former === undefined ? undefined : comparableDn(former.dn);
  if (formerDn !== undefined && uidByDn.get(formerDn) === key) uidByDn.delete(formerDn);
  if (pending === undefined && work === undefined) {
    byUid.delete(key);
    return;
  }
  byUid.set(key, {
    uid,
    dn,
    ...(pending === undefined ? {} : { pending }),
    ...(work === undefined ? {} : { work }),
  });
  uidByDn.set(comparableDn(dn), key);
}

/** Since when an account waits: being told the same again does not begin it anew. */
function begun(
  kind: Pending['kind'],
  pending: Pending | undefined,
  event: PublishedEvent & AccountRef,
): { mode: string; since: string } {
  return { mode: event.mode, since: pending?.kind === kind ? pending.since : event.time };
}

/** An attempt that runs goes on, whatever is said of the entry; one that ended is overtaken. */
function running(work: Work | undefined): Work | undefined {
  return work?.kind === 'inWork' ? work : undefined;
}

function named(event: { readonly uid?: string; readonly dn: string }): event is { uid: string; dn: string } {
  return event.uid !== undefined;
}

function byDn({ byUid, uidByDn }: Conditions, dn: string): Condition | undefined {
  const key = uidByDn.get(comparableDn(dn));
  return key === undefined ? undefined : byUid.get(key);
}

function dueAt({ time, inMilliseconds }: { time: string; inMilliseconds: number }): string {
  const at = Date.parse(time) + inMilliseconds;
  return Number.isNaN(at) ? time : new Date(at).toISOString();
}
