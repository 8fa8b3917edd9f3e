import type { PublishedEvent } from '../domain/event.ts';
import type { NotifyEvent, NotifyStatus } from '../domain/notify.ts';
import { Notices } from './notices.ts';
import { Outbox, type OutboxOptions, type Receiver } from './outbox.ts';
import { nextTimeOfDay } from './time-of-day.ts';
import type { Trouble } from './trouble.ts';
import type { NoticeLimits } from './trouble-group.ts';
import { TroubleWatch } from './trouble-watch.ts';

export interface NotifierOptions extends Pick<OutboxOptions, 'now' | 'notice' | 'pause' | 'patience'> {
  readonly limits: NoticeLimits;
  readonly on: readonly NotifyEvent[];
  /** When a digest is made each day, and in which time zone; undefined: never. */
  readonly digest: { readonly timeOfDay: string; readonly timeZone: string } | undefined;
  readonly receivers: readonly Receiver[];
  /** Why the journal cannot be written; undefined if it can. */
  readonly journalFailure: () => string | undefined;
}

/** Tells people of what needs a hand. Never throws, and is never in the way of work. */
export interface Notifier {
  readonly take: (event: PublishedEvent) => void;
  readonly status: () => NotifyStatus;
  /** Sends what was not told before. Resolves when that is done, or after some seconds. */
  close(): Promise<void>;
}

/** How long after an event it is looked whether there is something to tell, in milliseconds. */
const SOON = 100;
/** How often it is looked at least: the journal has no events, and a clock may be set. */
const SELDOM = 10_000;
/** How long the end of the service waits for receivers. */
const LAST_WORDS = 2_000;

const JOURNAL = 'the journal';

export function createNotifier(options: NotifierOptions): Notifier {
  const { limits, on, digest, receivers, journalFailure, now, ...outbox } = options;
  const notices = new Notices(limits);
  const watch = new TroubleWatch(notices, on);
  const outboxes = receivers.map((receiver) => new Outbox({ receiver, now, ...outbox }));
  const nextDigest = () =>
    digest === undefined ? Number.POSITIVE_INFINITY : nextTimeOfDay(digest.timeOfDay, digest.timeZone, now());
  let digestAt = nextDigest();
  let timer: NodeJS.Timeout | undefined;
  let lookAt = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const lookWithin = (milliseconds: number): void => {
    const at = now() + milliseconds;
    if (timer !== undefined && lookAt <= at) return;
    clearTimeout(timer);
    lookAt = at;
    timer = setTimeout(look, milliseconds);
    timer.unref();
  };

  const watchJournal = (): void => {
    if (!on.includes('journal')) return;
    const failure = journalFailure();
    if (failure === undefined) notices.settle(JOURNAL, now());
    else notices.fire(unwritten(failure), { id: JOURNAL, since: now() }, now());
  };

  const look = (): void => {
    timer = undefined;
    watchJournal();
    if (now() >= digestAt) {
      notices.askDigest();
      digestAt = nextDigest();
    }
    const message = notices.take(now());
    if (message !== undefined) for (const each of outboxes) each.add(message);
    lookWithin(Math.max(SOON, Math.min(notices.dueAt() - now(), digestAt - now(), SELDOM)));
  };

  lookWithin(SOON);
  return {
    take: (event) => {
      if (isClosed) return;
      watch.observe(event);
      lookWithin(SOON);
    },
    status: () => ({ receivers: outboxes.map((each) => each.status()), held: notices.held }),
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      const message = notices.takeLast(now());
      if (message !== undefined) for (const each of outboxes) each.add(message);
      await Promise.all(outboxes.map((each) => each.close(LAST_WORDS)));
    },
  };
}

function unwritten(failure: string): Trouble {
  const remedy = 'see to its folder, permissions and room';
  return { event: 'journal', key: JOURNAL, title: 'the journal cannot be written', words: failure, remedy };
}
