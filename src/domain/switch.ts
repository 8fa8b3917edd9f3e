/** The entry that pauses every service which names it, while its attribute is FALSE. */
export interface SwitchPlace {
  readonly dn: string;
  readonly attribute: string;
}

/** What the directory shows of the switch. `writtenBy`: the DN that wrote to the entry last. */
export type SwitchReading =
  | { readonly is: 'on' | 'off'; readonly writtenBy?: string }
  | { readonly is: 'unreadable'; readonly reason: string };

/**
 * The switch as a service knows it.
 *
 *   unknown  -> on, off    it was read
 *   on, off  -> off, on    it was read, and has changed
 *   any      -> the same   it cannot be read; this is reported once, and the last known value holds
 *
 * While it is unknown or off, the service is paused.
 */
export interface SwitchState {
  readonly value: 'unknown' | 'on' | 'off';
  /** Why it cannot be read; undefined if it can. */
  readonly fault?: string;
}

export const SWITCH_AT_START: SwitchState = { value: 'unknown' };

/** What follows from a reading, in this order. */
export type SwitchMove =
  | { readonly do: 'pause'; readonly reason: string }
  | { readonly do: 'resume' }
  /** An operator has to correct the entry. */
  | { readonly do: 'warn'; readonly message: string };

/** The reason for the pause until the switch is read for the first time. */
export function unreadWords({ dn }: SwitchPlace): string {
  return `the switch ${dn} has not been read yet`;
}

/** Returns the state after a reading, and what follows from it. Pure. */
export function stepSwitch(
  state: SwitchState,
  reading: SwitchReading,
  { dn, attribute }: SwitchPlace,
): readonly [SwitchState, readonly SwitchMove[]] {
  if (reading.is === 'unreadable') {
    const { value } = state;
    if (state.fault === reading.reason) return [state, []];
    const fault = `the switch ${dn} cannot be read: ${reading.reason}`;
    const move: SwitchMove =
      value === 'unknown'
        ? { do: 'pause', reason: fault }
        : { do: 'warn', message: `${fault}; its last known value, ${value === 'on' ? 'TRUE' : 'FALSE'}, holds` };
    return [{ value, fault: reading.reason }, [move]];
  }
  const { is, writtenBy } = reading;
  const after = { value: is };
  if (is === state.value) return [after, []];
  if (is === 'on') return [after, [{ do: 'resume' }]];
  const by = writtenBy === undefined ? '' : `, last written by ${writtenBy}`;
  return [after, [{ do: 'pause', reason: `${attribute} of ${dn} is FALSE${by}` }]];
}
