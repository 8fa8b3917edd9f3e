import type { OutputStream } from './runner.ts';

/** The length limit of the last words, in characters. */
const LONGEST = 200;

/** Keeps the last words of a script: the last line on stderr, or else the last one on stdout. */
export class LastWords {
  readonly #last: Partial<Record<OutputStream, string>> = {};

  /** Takes a printable line. An empty line is ignored. */
  take(stream: OutputStream, line: string): void {
    const words = line.trim();
    if (words !== '') this.#last[stream] = words;
  }

  /**
   * The last words; undefined if the script has written nothing. A long line is cut, and ends with
   * `…`.
   */
  text(): string | undefined {
    const words = this.#last.stderr ?? this.#last.stdout;
    if (words === undefined || words.length <= LONGEST) return words;
    // The cut must not leave half of a surrogate pair.
    return `${words.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  }
}
