import { NEVER, of } from 'rxjs';
import { describe, it } from 'vitest';
import type { ProtocolName } from '../../src/domain/change.ts';
import type { SwitchReading } from '../../src/domain/switch.ts';
import { watchSwitch } from '../../streams/switch.ts';
import { marbles } from '../support/marbles.ts';

const PLACE = { dn: 'ou=backup,dc=example,dc=org', attribute: 'sstIsActive' };
const VALUES = { c: 'syncrepl', d: undefined } as const;

const READING: SwitchReading = { is: 'on' };

describe('watchSwitch', () => {
  it('reads at each connection and every ten seconds of it, and not while there is none', () => {
    marbles(({ hot, expectObservable }) => {
      const protocol$ = hot<ProtocolName | undefined>('d 4ms c 25s d 60s c 5s', VALUES);
      const switch$ = watchSwitch({ ...PLACE, protocol$, connection: () => NEVER, read: () => of(READING) });
      expectObservable(switch$, '^ 90400ms !').toBe('5ms r 9999ms r 9999ms r 65001ms r', { r: READING });
    });
  });

  it('takes the latest of several readings under way, and none without an answer', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const protocol$ = hot<ProtocolName | undefined>('c', VALUES);
      const readings = [
        cold<SwitchReading>('12s r|', { r: { is: 'off' } }),
        cold<SwitchReading>('#'),
        cold('5ms (r|)', { r: READING }),
      ];
      const read = () => readings.shift() ?? NEVER;
      const switch$ = watchSwitch({ ...PLACE, protocol$, connection: () => NEVER, read });
      expectObservable(switch$, '^ 31s !').toBe('20005ms r', { r: READING });
    });
  });
});
