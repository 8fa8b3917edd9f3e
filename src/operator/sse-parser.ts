/** One message of an event stream (HTML standard, section 9.2.6). */
export interface SseMessage {
  readonly event: string;
  readonly data: string;
  /** The last id so far; empty if there was none. */
  readonly id: string;
}

/**
 * The longest accepted line in characters. It limits the memory that a server can make this program
 * use.
 */
const LONGEST_LINE = 4 * 1024 * 1024;

/**
 * Returns a parser that takes text as it arrives and returns the messages that it completes. A
 * message without data only carries an id. Throws a RangeError for a line that is too long.
 */
export function parseSse(): (text: string) => SseMessage[] {
  const message = new MessageInProgress();
  let rest = '';

  return (text) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new RangeError('the event stream has a line without end');
    return lines.map((line) => message.take(line)).filter((complete) => complete !== undefined);
  };
}

/**
 * The message whose lines are arriving.
 *
 * States:
 *   empty -> begun   a line with a field
 *   begun -> empty   an empty line, which completes the message
 *
 * The id stays until a line has another one.
 */
class MessageInProgress {
  #event = '';
  #data: string[] = [];
  #id = '';
  #sentId = '';

  /** Takes one line. Returns the message that it completes, if that has data or a new id. */
  take(line: string): SseMessage | undefined {
    if (line === '') return this.#complete();
    const colon = line.indexOf(':');
    if (colon < 0) this.#set(line, '');
    // A line that begins with a colon is a comment.
    if (colon > 0) this.#set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
    return undefined;
  }

  #set(field: string, value: string): void {
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#id = value;
  }

  #complete(): SseMessage | undefined {
    const message = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    const isComplete = this.#data.length > 0 || this.#id !== this.#sentId;
    this.#sentId = this.#id;
    this.#event = '';
    this.#data = [];
    return isComplete ? message : undefined;
  }
}
