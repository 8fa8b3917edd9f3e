import type { Observable, Subscription } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import type { Gate } from '../../streams/gate.ts';
import { SWITCH_AT_START, type SwitchReading, stepSwitch, unreadWords } from '../domain/switch.ts';

interface SwitchSettings {
  readonly place: Settings['switch'];
  readonly gate: Gate;
  /** Called with a sentence for an operator. */
  readonly notice: (message: string) => void;
}

/** Pauses the service while the switch requires it. Without a switch this does nothing. */
export function obeySwitch(
  { place: { dn, attribute }, gate, notice }: SwitchSettings,
  switch$: Observable<SwitchReading>,
): Subscription | undefined {
  if (dn === null) return undefined;
  const place = { dn, attribute };
  const paused = { by: 'switch', holds: 'everything' } as const;
  gate.pauseQuietly({ ...paused, reason: unreadWords(place) });
  let state = SWITCH_AT_START;
  return switch$.subscribe((reading) => {
    const [next, moves] = stepSwitch(state, reading, place);
    state = next;
    for (const move of moves) {
      if (move.do === 'pause') gate.pause({ ...paused, reason: move.reason });
      else if (move.do === 'resume') gate.resume('switch');
      else notice(move.message);
    }
  });
}
