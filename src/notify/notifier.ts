import type { PublishedEvent } from '../domain/event.ts';
import type { NotifyEvent, NotifyStatus } from '../domain/notify.ts';
import { Notices } from './notices.ts';
import { Outbox, type OutboxOptions, type Receiver } from './outbox.ts';
import { nextTimeOfDay } from './time-of-day.ts';
import type { Trouble } from './trouble.ts';
import type { NoticeLimits } from './trouble-group.ts';
import { TroubleWatch } from './trouble-watch.ts';

/** What the site says of notifications. */
export interface NotifySettings {
  readonly limits: NoticeLimits;
  readonly on: readonly NotifyEvent[];
  /** When a digest is made each day, and in which time zone; undefined: never. */
  readonly digest: { readonly timeOfDay: string; readonly timeZone: string } | undefined;
  readonly receivers: readonly Receiver[];
}

export interface NotifierOptions
  extends NotifySettings,
    Pick<OutboxOptions, 'now' | 'notice' | 'pause' | 'answerTimeout'> {
  /** What has no events, and is looked at again and again. */
  readonly states: readonly WatchedState[];
}

export interface WatchedState {
  readonly event: NotifyEvent;
  readonly name: string;
  /** Why it is in trouble, and what to do; undefined if it is not. */
  failure(): Pick<Trouble, 'title' | 'words' | 'remedy'> | undefined;
}

/** Tells people of what needs a hand. Never throws, and is never in the way of work. */
export interface Notifier {
  readonly take: (event: PublishedEvent) => void;
  readonly status: () => NotifyStatus;
  /** Does as other settings say. What waits for a receiver that there was is sent to that. */
  readonly use: (settings: NotifySettings) => void;
  /** Sends what was not told before. Resolves when that is done, or after some seconds. */
  close(): Promise<void>;
}

/** How long after an event it is looked whether there is something to tell, in milliseconds. */
const SOON = 100;
/** How often it is looked at least: some states have no events, and a clock may be set. */
const SELDOM = 10_000;
/** How long the end of the service waits for receivers. */
const LAST_WORDS = 2_000;

export function createNotifier(options: NotifierOptions): Notifier {
  const { states, now, ...outbox } = options;
  let { limits, on, digest, receivers }: NotifySettings = options;
  const notices = new Notices(limits);
  const watch = new TroubleWatch(notices, on);
  const outboxOf = (receiver: Receiver) => new Outbox({ receiver, now, ...outbox });
  let outboxes = receivers.map(outboxOf);
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

  const lookAtStates = (): void => {
    for (const { event, name, failure } of states) {
      const found = on.includes(event) ? failure() : undefined;
      if (found === undefined) notices.resolve(name, now());
      else notices.fire({ event, key: name, ...found }, { id: name, since: now() }, now());
    }
  };

  const look = (): void => {
    timer = undefined;
    lookAtStates();
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
    use: (settings) => {
      const before = receivers;
      ({ limits, on, digest, receivers } = settings);
      notices.use(limits);
      watch.use(on);
      digestAt = nextDigest();
      if (receivers === before) return;
      for (const each of outboxes) void each.close(LAST_WORDS);
      outboxes = receivers.map(outboxOf);
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      const message = notices.takeLast(now());
      if (message !== undefined) for (const each of outboxes) each.add(message);
      await Promise.all(outboxes.map((each) => each.close(LAST_WORDS)));
    },
  };
}
