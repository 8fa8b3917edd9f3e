import type { NotifyEvent } from '../domain/notify.ts';

/** Something that needs a person. Subjects of troubles with the same key are reported together. */
export interface Trouble {
  readonly event: NotifyEvent;
  readonly key: string;
  /** A short text for the subject line. It may hold any characters. */
  readonly title: string;
  /** The complete error text. It may hold any characters. */
  readonly words?: string | undefined;
  readonly remedy?: string | undefined;
  readonly step?: string | undefined;
  readonly returnValue?: number | undefined;
  /** Whether accounts may fail because of it. Their failures are not reported while it lasts. */
  readonly causesOthers?: boolean;
  /** Whether it often ends by itself. Then it is reported only if it lasts. */
  readonly isPassing?: boolean;
}

/** What is in trouble: an account, or the service itself (without uid). `id` is unique. */
export interface Subject {
  readonly id: string;
  readonly uid?: string;
  /** The mode as it is stored. */
  readonly mode?: string;
  /** Since when the subject has been in trouble, in milliseconds since 1970. */
  readonly since: number;
}

/** What a message says about one group. */
export interface Report {
  /**
   * `new`: the first report. `more`: more accounts are in this trouble. `unsteady`: it comes and
   * goes, and is reported rarely from now on. `still`: a reminder. `resolved`: it is over.
   */
  readonly state: 'new' | 'more' | 'unsteady' | 'still' | 'resolved';
  readonly trouble: Trouble;
  /** The number of subjects that are in this trouble now. */
  readonly count: number;
  /** The number of them that no message has reported before. */
  readonly added: number;
  /** When the first and the latest subject came into this trouble, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** Some of the reported accounts, at most `MOST_NAMED`. */
  readonly subjects: readonly Subject[];
}

/** The most accounts that a report names. */
export const MOST_NAMED = 20;

export interface Message {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly occasion: 'news' | 'reminder' | 'digest' | 'stop' | 'test';
  /** The resolved ones come last. */
  readonly reports: readonly Report[];
  /** In a digest: the numbers since the last digest, or since the start. */
  readonly tally?: { readonly fired: number; readonly resolved: number };
  /** Set in the last message of an hour: no other message follows before this time. */
  readonly silentUntil?: number;
}
