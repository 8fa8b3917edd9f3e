import type { OutputStream } from './runner.ts';

/** The most characters of last words. */
const LONGEST = 200;

/** Keeps the last words of a script: the last line on stderr, or else the last one on stdout. */
export class LastWords {
  readonly #last: Partial<Record<OutputStream, string>> = {};

  /** Takes a printable line. Empty lines say nothing. */
  take(stream: OutputStream, line: string): void {
    const words = line.trim();
    if (words !== '') this.#last[stream] = words;
  }

  /** Undefined if the script has written nothing. A long line is cut, which `…` shows. */
  text(): string | undefined {
    const words = this.#last.stderr ?? this.#last.stdout;
    if (words === undefined || words.length <= LONGEST) return words;
    // A half of a surrogate pair is no character.
    return `${words.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  }
}
