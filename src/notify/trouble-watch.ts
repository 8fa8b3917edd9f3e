import { defined } from '../domain/defined.ts';
import { needsOperator } from '../domain/directory-error.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { causeKey } from '../domain/failure-cause.ts';
import type { NotifyEvent } from '../domain/notify.ts';
import { heldWords, pausedBy } from '../domain/pause.ts';
import { returnCodeName } from '../domain/return-code.ts';
import type { Notices } from './notices.ts';
import type { Subject, Trouble } from './trouble.ts';

type EventNamed<N extends PublishedEvent['event']> = Extract<PublishedEvent, { readonly event: N }>;

const DIRECTORY = 'the directory';
/** How the system, and therefore most programs, report a full file system (ENOSPC). */
const FULL = /\bno space left on device\b|\bENOSPC\b/i;

/**
 * Reports to `Notices`, from the events, which subjects come into a trouble and which leave it.
 * Attempts that will be repeated need no person.
 *
 *   watching -> stopping   `draining`: connections that end are expected from then on
 */
export class TroubleWatch {
  readonly #notices: Notices;
  #on: ReadonlySet<NotifyEvent>;
  #isStopping = false;

  constructor(notices: Notices, on: readonly NotifyEvent[]) {
    this.#notices = notices;
    this.#on = new Set(on);
  }

  /**
   * Selects what is reported from now on. The end of what was reported before is still reported.
   */
  use(on: readonly NotifyEvent[]): void {
    this.#on = new Set(on);
  }

  observe(event: PublishedEvent): void {
    switch (event.event) {
      case 'failed':
        this.#fire(causeOfFailure(event), accountIn('failed', event));
        this.#resolve('refused', event);
        return;
      case 'skipped':
        this.#skipped(event);
        return;
      case 'retrying':
        if (needsOperator(event.resultCode)) this.#fire(refusal(event), accountIn('refused', event));
        return;
      case 'conflict':
        if (event.remedy !== undefined) this.#fire(conflict(event), accountIn('conflict', event));
        return;
      case 'disconnected':
        if (!this.#isStopping) this.#fire(unreachable(event), { id: DIRECTORY, since: Date.parse(event.time) });
        return;
      case 'refreshed':
        this.#notices.resolve(DIRECTORY, Date.parse(event.time));
        return;
      case 'paused':
        this.#fire(pause(event), { id: pauseId(event.by), since: Date.parse(event.time) });
        return;
      case 'resumedWork':
        this.#notices.resolve(pauseId(event.by), Date.parse(event.time));
        return;
      case 'draining':
        this.#isStopping = true;
        return;
      case 'claimed':
      case 'resumed':
        this.#resolve('refused', event);
        return;
      case 'finished':
      case 'left':
      case 'deferred':
      case 'waiting':
        this.#settleAll(event);
        return;
      default:
        return;
    }
  }

  #skipped(event: EventNamed<'skipped'>): void {
    if (event.uid === undefined) return;
    const account = { ...event, uid: event.uid };
    if (needsOperator(event.resultCode)) this.#fire(refusal(account), accountIn('refused', account));
    else if (event.returnValue === undefined && event.failedAt === undefined) this.#settleAll(event);
    else if (this.#on.has('failed')) {
      const since = Date.parse(event.failedAt ?? event.time);
      this.#notices.find(earlier(event), { ...accountIn('failed', account), since }, Date.parse(event.time));
    }
  }

  #fire(trouble: Trouble, subject: Subject): void {
    if (this.#on.has(trouble.event)) this.#notices.fire(trouble, subject, subject.since);
  }

  #settleAll(event: Account): void {
    for (const kind of ['failed', 'refused', 'conflict'] as const) this.#resolve(kind, event);
  }

  #resolve(kind: Kind, { uid, time }: Account): void {
    if (uid !== undefined) this.#notices.resolve(idOf(kind, uid), Date.parse(time));
  }
}

/** The troubles in which an account may be at the same time. */
type Kind = 'failed' | 'refused' | 'conflict';

interface Account {
  readonly time: string;
  readonly uid?: string | undefined;
  readonly mode?: string | undefined;
}

function accountIn(kind: Kind, { uid, mode, time }: Account & { readonly uid: string }): Subject {
  return { id: idOf(kind, uid), uid, ...defined({ mode }), since: Date.parse(time) };
}

function idOf(kind: Kind, uid: string): string {
  return `${kind} ${uid.toLowerCase()}`;
}

function causeOfFailure({ returnValue, step, cause, reason, uid }: EventNamed<'failed'>): Trouble {
  const words = cause ?? reason;
  if (FULL.test(words)) {
    const remedy = 'make room on the disk, then request the accounts again';
    return { event: 'failed', key: 'disk full', title: 'the disk is full', words, remedy, causesOthers: true };
  }
  const key = `failed ${causeKey({ returnValue, step, words }, uid)}`;
  const title = `${step === '' ? '' : `${step} `}${codeWords(returnValue)}: ${words}`;
  return {
    event: 'failed',
    key,
    title,
    words,
    step,
    returnValue,
    remedy: 'fix the cause, then request the accounts again',
  };
}

/** A failure that only the directory shows: it is from before the start, or of another service. */
function earlier({ returnValue, reason }: EventNamed<'skipped'>): Trouble {
  const key = `failed ${causeKey({ returnValue }, '')}`;
  const code = returnValue === undefined ? 'an unknown code' : codeWords(returnValue);
  const title = `failed earlier with ${code}`;
  return {
    event: 'failed',
    key,
    title,
    words: reason,
    returnValue,
    remedy: 'find out why (history, explain), then request the accounts again',
  };
}

function codeWords(returnValue: number): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? String(returnValue) : `${returnValue} ${name}`;
}

function refusal({ reason, resultCode }: { readonly reason: string; readonly resultCode?: number }): Trouble {
  const title = `the directory refuses writes with result code ${resultCode}`;
  return {
    event: 'failed',
    key: `refused ${resultCode}`,
    title,
    words: reason,
    remedy: 'run the command check to find out why',
  };
}

function conflict({ reason, remedy, modifiedBy = '' }: EventNamed<'conflict'>): Trouble {
  return { event: 'conflict', key: `conflict ${modifiedBy}`, title: reason, words: reason, remedy };
}

function pause({ by, who, holds, reason }: EventNamed<'paused'>): Trouble {
  const title = `paused ${pausedBy({ by, who })}, so ${heldWords({ holds })}`;
  const remedy =
    by === 'switch'
      ? 'set the switch in the directory to TRUE when work may go on'
      : 'run the command resume when work may go on';
  return { event: 'paused', key: pauseId(by), title, words: reason, remedy };
}

function pauseId(by: EventNamed<'paused'>['by']): string {
  return `paused by ${by}`;
}

function unreachable({ url, reason, remedy }: EventNamed<'disconnected'>): Trouble {
  const title = `${url} cannot be reached`;
  return {
    event: 'disconnected',
    key: DIRECTORY,
    title,
    words: reason,
    remedy,
    causesOthers: true,
    isPassing: true,
  };
}
