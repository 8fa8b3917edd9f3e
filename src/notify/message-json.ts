import { isoTime } from '../domain/timestamp.ts';
import { commandFor, type Sender, subjectOf, threadId } from './message-words.ts';
import type { Message, Report } from './trouble.ts';

/**
 * The JSON that is posted to a webhook. Chat services show `text`. Each event has an id that stays
 * the same for one cause, so that the receiver can group events by cause.
 */
export function jsonOf(message: Message, sender: Sender): string {
  const { time, occasion, reports, silentUntil } = message;
  return JSON.stringify({
    service: sender.service,
    time: isoTime(time),
    occasion,
    text: subjectOf(message, sender),
    events: reports.map((report) => eventOf(report, sender)),
    ...(silentUntil === undefined ? {} : { silentUntil: isoTime(silentUntil) }),
  });
}

function eventOf(report: Report, { configFile }: Sender) {
  const { state, trouble, count, added, first, last, subjects } = report;
  const { event, title, words, remedy, step, returnValue } = trouble;
  // Undefined fields are left out by JSON.stringify.
  return {
    event,
    state,
    id: threadId(report),
    title,
    words,
    step,
    returnValue,
    count,
    added,
    first: isoTime(first),
    last: isoTime(last),
    uids: subjects.map(({ uid }) => uid),
    remedy,
    command: commandFor(report, configFile),
  };
}
