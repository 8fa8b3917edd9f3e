import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SWITCH_AT_START, type SwitchReading, stepSwitch } from '../../src/domain/switch.ts';

const PLACE = { dn: 'ou=backup,dc=example,dc=org', attribute: 'sstIsActive' };

function taken(...readings: SwitchReading[]) {
  let state = SWITCH_AT_START;
  return readings.map((reading) => {
    const [next, moves] = stepSwitch(state, reading, PLACE);
    state = next;
    return moves;
  });
}

const ON = { is: 'on' } as const;
const OFF = { is: 'off', writtenBy: 'cn=admin' } as const;
const UNREADABLE = { is: 'unreadable', reason: 'there is no such entry' } as const;

describe('the switch', () => {
  it('lets work when it is read first, pauses at FALSE with who wrote it, and tells nothing twice', () => {
    expect(taken(ON, ON, OFF, OFF, ON)).toEqual([
      [{ do: 'resume' }],
      [],
      [{ do: 'pause', reason: `sstIsActive of ${PLACE.dn} is FALSE, last written by cn=admin` }],
      [],
      [{ do: 'resume' }],
    ]);
  });

  it('keeps its last known value while it cannot be read, and says so once', () => {
    const reason = `the switch ${PLACE.dn} cannot be read: there is no such entry`;
    const warning = (value: string) => ({ do: 'warn', message: `${reason}; its last known value, ${value}, holds` });
    expect(taken(UNREADABLE, UNREADABLE, ON)).toEqual([[{ do: 'pause', reason }], [], [{ do: 'resume' }]]);
    expect(taken(ON, UNREADABLE, UNREADABLE, ON)).toEqual([[{ do: 'resume' }], [warning('TRUE')], [], []]);
    expect(taken(OFF, UNREADABLE, OFF).slice(1)).toEqual([[warning('FALSE')], []]);
  });

  it('has the service paused exactly while its last readable value is not TRUE', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<SwitchReading>(ON, OFF, UNREADABLE)), (readings) => {
        let [state, paused, last] = [SWITCH_AT_START, true, 'unknown'];
        for (const reading of readings) {
          const [next, moves] = stepSwitch(state, reading, PLACE);
          state = next;
          for (const move of moves) if (move.do !== 'warn') paused = move.do === 'pause';
          if (reading.is !== 'unreadable') last = reading.is;
          expect(paused).toBe(last !== 'on');
        }
      }),
    );
  });
});
