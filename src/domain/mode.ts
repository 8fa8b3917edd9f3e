/**
 * The nine words of `sstProvisioningMode` that belong to this service, three a mode.
 * Every other word belongs to another program and is left alone.
 */

export const MODES = ['add', 'modify', 'delete'] as const;

/** What can be asked for an account. */
export type Mode = (typeof MODES)[number];

export interface ModeWords {
  /** Written by whoever asks for work. */
  readonly requested: Mode;
  /** Written by the claim. */
  readonly inWork: string;
  /** Written by the write-back of a success. */
  readonly finished: string;
}

export const WORDS: Readonly<Record<Mode, ModeWords>> = {
  add: { requested: 'add', inWork: 'adding', finished: 'added' },
  modify: { requested: 'modify', inWork: 'modifying', finished: 'modified' },
  delete: { requested: 'delete', inWork: 'deleting', finished: 'deleted' },
};

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

/** Reads a stored mode as LDAP compares it (caseIgnoreMatch); undefined for another program's word. */
export function readMode(stored: string): ModeReading | undefined {
  return READINGS.get(stored) ?? READINGS.get(stored.trim().toLowerCase());
}
