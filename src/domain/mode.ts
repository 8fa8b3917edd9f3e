/**
 * The words of `sstProvisioningMode` that this service uses, three for each mode. Any other word
 * belongs to another program and is left alone.
 */

interface ModeDeclaration {
  /** The word that the claim writes. */
  readonly inWork: string;
  /** The word that a success writes. */
  readonly finished: string;
  /**
   * The precondition: the value of `attributes.active` that the mode requires. Absent: any value.
   */
  readonly active?: boolean;
  /**
   * The mode destroys data that no later request restores. It does not start on a lagging server.
   */
  readonly destroys?: boolean;
}

/** The modes, by the word that requests them. `handlers/registry.ts` has their handlers. */
const DECLARATIONS = {
  add: { inWork: 'adding', finished: 'added' },
  modify: { inWork: 'modifying', finished: 'modified' },
  delete: { inWork: 'deleting', finished: 'deleted', active: false, destroys: true },
} as const satisfies Readonly<Record<string, ModeDeclaration>>;

/** A mode that can be requested for an account. */
export type Mode = keyof typeof DECLARATIONS;

export const MODES = Object.keys(DECLARATIONS) as readonly Mode[];

/** Builds a record with a value for each mode. */
export function eachMode<T>(of: (mode: Mode) => T): Readonly<Record<Mode, T>> {
  return Object.fromEntries(MODES.map((mode) => [mode, of(mode)])) as Record<Mode, T>;
}

export interface ModeWords {
  /** The word that requests the mode. */
  readonly requested: Mode;
  readonly inWork: string;
  readonly finished: string;
}

export const WORDS = eachMode<ModeWords>((mode) => ({ requested: mode, ...DECLARATIONS[mode] }));

/** The mode of an account that has one of the words. Throws a RangeError for another word. */
export function modeOf(record: { readonly mode: string }): Mode {
  const reading = readMode(record.mode);
  if (reading === undefined) throw new RangeError(`${record.mode} is not a word of a mode`);
  return reading.mode;
}

/** The modes as text for people: all of them, or the given ones. */
export function modesText(modes: readonly Mode[] = MODES): string {
  return modes.length < 2 ? modes.join('') : `${modes.slice(0, -1).join(', ')} or ${modes.at(-1)}`;
}

/** The value of `attributes.active` that the precondition of a mode requires; undefined: any. */
export function neededActive(mode: Mode): boolean | undefined {
  return declarationOf(mode).active;
}

/** Whether a mode destroys data that no later request restores. */
export function destroys(mode: Mode): boolean {
  return declarationOf(mode).destroys === true;
}

function declarationOf(mode: Mode): ModeDeclaration {
  return DECLARATIONS[mode];
}

type ModePhase = 'requested' | 'inWork' | 'finished';

export interface ModeReading {
  readonly mode: Mode;
  readonly phase: ModePhase;
}

const READINGS: ReadonlyMap<string, ModeReading> = new Map(
  MODES.flatMap((mode) =>
    (['requested', 'inWork', 'finished'] as const).map((phase) => [WORDS[mode][phase], { mode, phase }] as const),
  ),
);

/**
 * Reads a mode without regard to case, as LDAP does (caseIgnoreMatch). Undefined for another
 * program's word.
 */
export function readMode(stored: string): ModeReading | undefined {
  return READINGS.get(stored) ?? READINGS.get(stored.toLowerCase());
}
