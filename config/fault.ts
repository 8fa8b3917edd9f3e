/** A fault whose line is not known yet. If `given` is undefined, the value at `path` is shown. */
export interface FaultAt {
  readonly path: readonly string[];
  readonly given?: string;
  readonly expected: string;
}

/** One fault of the configuration. */
export interface Fault {
  /** The dotted key, such as `script.timeout`; empty if the fault concerns the whole file. */
  readonly key: string;
  /** The line in the file, from 1; undefined if the file has no such line. */
  readonly line: number | undefined;
  /** The given value in a form that may be shown, without secrets. */
  readonly given: string;
  readonly expected: string;
}

/** The text of `given` if there is no value. */
export const NOTHING = 'nothing';

const MOST_SHOWN = 100;

/**
 * The configuration cannot be used. `faults` has all faults; `message` has a line for each of the
 * first hundred.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly path: string;
  readonly faults: readonly Fault[];

  constructor(path: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    const lines = faults.slice(0, MOST_SHOWN).map((fault) => `  ${describeFault(fault)}`);
    const rest = faults.length > MOST_SHOWN ? [`  and ${faults.length - MOST_SHOWN} more`] : [];
    super([`${path}: ${count} in the configuration`, ...lines, ...rest].join('\n'));
    this.path = path;
    this.faults = faults;
  }
}

/**
 * The fault as text: `line 7: script.timeout: given 30, expected a duration ...`, or `line 7:
 * script.command is not set; expected ...`.
 */
function describeFault(fault: Fault): string {
  const place = fault.line === undefined ? '' : `line ${fault.line}: `;
  if (fault.given === NOTHING && fault.key !== '') return `${place}${fault.key} is not set; expected ${fault.expected}`;
  const key = fault.key === '' ? '' : `${fault.key}: `;
  return `${place}${key}given ${fault.given}, expected ${fault.expected}`;
}
