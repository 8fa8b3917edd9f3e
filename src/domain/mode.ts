/**
 * The words of `sstProvisioningMode` that belong to this service, three a mode. Every other word
 * belongs to another program and is left alone.
 */

interface ModeDeclaration {
  /** Written by the claim. */
  readonly inWork: string;
  /** Written by the write-back of a success. */
  readonly finished: string;
  /**
   * The precondition: what `attributes.active` must say before it is done; left out: whatever it
   * says.
   */
  readonly active?: boolean;
  /**
   * It destroys what no later request brings back: it is not done by what a directory server shows
   * that lags.
   */
  readonly destroys?: boolean;
}

/**
 * The modes that there are, by the word that asks for them. `handlers/registry.ts` has the handler
 * of each.
 */
const TABLE = {
  add: { inWork: 'adding', finished: 'added' },
  modify: { inWork: 'modifying', finished: 'modified' },
  delete: { inWork: 'deleting', finished: 'deleted', active: false, destroys: true },
} as const satisfies Readonly<Record<string, ModeDeclaration>>;

/** What can be asked for an account. */
export type Mode = keyof typeof TABLE;

export const MODES = Object.keys(TABLE) as readonly Mode[];

/** Something of each mode. */
export function eachMode<T>(of: (mode: Mode) => T): Readonly<Record<Mode, T>> {
  return Object.fromEntries(MODES.map((mode) => [mode, of(mode)])) as Record<Mode, T>;
}

export interface ModeWords {
  /** Written by whoever asks for work. */
  readonly requested: Mode;
  readonly inWork: string;
  readonly finished: string;
}

export const WORDS = eachMode<ModeWords>((mode) => ({ requested: mode, ...TABLE[mode] }));

/** For people: the modes that can be asked for, or those of them that are given. */
export function modeChoice(modes: readonly Mode[] = MODES): string {
  return modes.length < 2 ? modes.join('') : `${modes.slice(0, -1).join(', ')} or ${modes.at(-1)}`;
}

/** What the precondition of a mode asks of `attributes.active`; undefined: nothing. */
export function neededActive(mode: Mode): boolean | undefined {
  return declarationOf(mode).active;
}

/** Whether a mode destroys what no later request brings back. */
export function destroys(mode: Mode): boolean {
  return declarationOf(mode).destroys === true;
}

function declarationOf(mode: Mode): ModeDeclaration {
  return TABLE[mode];
}

export type ModePhase = 'requested' | 'inWork' | 'finished';

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
 * Reads a mode, whatever its case, as LDAP compares it (caseIgnoreMatch); undefined for another
 * program's word.
 */
export function readMode(stored: string): ModeReading | undefined {
  return READINGS.get(stored) ?? READINGS.get(stored.toLowerCase());
}
