import type { PublishedEvent } from '../domain/event.ts';
import type { NotifyEvent, NotifyStatus } from '../domain/notify.ts';
import { Notices } from './notices.ts';
import { Outbox, type OutboxOptions, type Receiver } from './outbox.ts';
import { nextTimeOfDay } from './time-of-day.ts';
import type { Trouble } from './trouble.ts';
import type { NoticeLimits } from './trouble-group.ts';
import { TroubleWatch } from './trouble-watch.ts';

/** The settings for notifications. */
export interface NotifySettings {
  readonly limits: NoticeLimits;
  readonly on: readonly NotifyEvent[];
  /** The time of day of the digest, and its time zone; undefined: there is no digest. */
  readonly digest: { readonly timeOfDay: string; readonly timeZone: string } | undefined;
  readonly receivers: readonly Receiver[];
}

export interface NotifierOptions
  extends NotifySettings,
    Pick<OutboxOptions, 'now' | 'notice' | 'pause' | 'answerTimeout'> {
  /** Conditions that no event reports. They are checked periodically. */
  readonly states: readonly WatchedState[];
}

export interface WatchedState {
  readonly event: NotifyEvent;
  readonly name: string;
  /** Why the condition needs a person, and what to do; undefined if it does not. */
  failure(): Pick<Trouble, 'title' | 'words' | 'remedy'> | undefined;
}

/** Notifies people of everything that needs a person. Never throws, and never delays work. */
export interface Notifier {
  readonly take: (event: PublishedEvent) => void;
  readonly status: () => NotifyStatus;
  /** Applies other settings. Messages that wait for a former receiver are still sent to it. */
  readonly use: (settings: NotifySettings) => void;
  /** Sends what was not reported yet. Resolves when that is done, or after `CLOSE_TIMEOUT`. */
  close(): Promise<void>;
}

/** The time from an event to the check for a message that is due, in milliseconds. */
const CHECK_DELAY = 100;
/**
 * The longest time between two checks: some conditions have no events, and the clock may be set.
 */
const CHECK_INTERVAL = 10_000;
/** How long the end of the service waits for receivers. */
const CLOSE_TIMEOUT = 2_000;

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
  let checkAt = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const checkWithin = (milliseconds: number): void => {
    const at = now() + milliseconds;
    if (timer !== undefined && checkAt <= at) return;
    clearTimeout(timer);
    checkAt = at;
    timer = setTimeout(check, milliseconds);
    timer.unref();
  };

  const checkStates = (): void => {
    for (const { event, name, failure } of states) {
      const found = on.includes(event) ? failure() : undefined;
      if (found === undefined) notices.resolve(name, now());
      else notices.fire({ event, key: name, ...found }, { id: name, since: now() }, now());
    }
  };

  const check = (): void => {
    timer = undefined;
    checkStates();
    if (now() >= digestAt) {
      notices.askDigest();
      digestAt = nextDigest();
    }
    const message = notices.take(now());
    if (message !== undefined) for (const each of outboxes) each.add(message);
    checkWithin(Math.max(CHECK_DELAY, Math.min(notices.dueAt() - now(), digestAt - now(), CHECK_INTERVAL)));
  };

  checkWithin(CHECK_DELAY);
  return {
    take: (event) => {
      if (isClosed) return;
      watch.observe(event);
      checkWithin(CHECK_DELAY);
    },
    status: () => ({ receivers: outboxes.map((each) => each.status()), held: notices.held }),
    use: (settings) => {
      const before = receivers;
      ({ limits, on, digest, receivers } = settings);
      notices.use(limits);
      watch.use(on);
      digestAt = nextDigest();
      if (receivers === before) return;
      for (const each of outboxes) void each.close(CLOSE_TIMEOUT);
      outboxes = receivers.map(outboxOf);
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      const message = notices.takeLast(now());
      if (message !== undefined) for (const each of outboxes) each.add(message);
      await Promise.all(outboxes.map((each) => each.close(CLOSE_TIMEOUT)));
    },
  };
}
