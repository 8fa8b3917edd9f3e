/** A fault before its line is known. `given` is undefined where the value at `path` says it. */
export interface FaultAt {
  readonly path: readonly string[];
  readonly given?: string;
  readonly expected: string;
}

/** One thing wrong with the configuration. */
export interface Fault {
  /** Dotted, such as `script.timeout`; empty where the file as a whole is meant. */
  readonly key: string;
  /** Line in the file, counted from 1; undefined where the file has nothing for it. */
  readonly line: number | undefined;
  /** What was given, as it may be shown: secrets are not. */
  readonly given: string;
  readonly expected: string;
}

/** Whoever has mended so many starts anew. */
const MOST_SHOWN = 100;

/**
 * The configuration cannot be used. `faults` has all faults that were found. `message` has a line for
 * each of the first hundred.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly path: string;
  readonly faults: readonly Fault[];

  constructor(path: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    const lines = faults.slice(0, MOST_SHOWN).map((fault) => `  ${describe(fault)}`);
    const rest = faults.length > MOST_SHOWN ? [`  and ${faults.length - MOST_SHOWN} more`] : [];
    super([`${path}: ${count} in the configuration`, ...lines, ...rest].join('\n'));
    this.path = path;
    this.faults = faults;
  }
}

/** `line 7: script.timeout: given 30, expected a duration ...` */
export function describe(fault: Fault): string {
  const place = fault.line === undefined ? '' : `line ${fault.line}: `;
  const key = fault.key === '' ? '' : `${fault.key}: `;
  return `${place}${key}given ${fault.given}, expected ${fault.expected}`;
}
