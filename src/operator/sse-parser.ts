/** One message of an event stream (HTML standard, section 9.2.6). */
export interface SseMessage {
  readonly event: string;
  readonly data: string;
  /** The last id seen so far; empty where there was none. */
  readonly id: string;
}

/** Longest line accepted, in characters: a peer that is no operator interface must not fill the memory. */
const LONGEST_LINE = 4 * 1024 * 1024;

/**
 * Makes a parser that takes text as it arrives and returns the messages that it completes; one without data carries an id only.
 * Throws a RangeError for a line without end.
 */
export function parseSse(): (text: string) => SseMessage[] {
  let rest = '';
  let event = '';
  let id = '';
  let sentId = '';
  let data: string[] = [];

  return (text) => {
    const messages: SseMessage[] = [];
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new RangeError('the event stream has a line without end');
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 || id !== sentId)
          messages.push({ event: event === '' ? 'message' : event, data: data.join('\n'), id });
        sentId = id;
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
    return messages;
  };
}
