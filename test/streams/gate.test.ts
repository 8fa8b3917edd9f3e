import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { PauseBy } from '../../src/domain/pause.ts';
import type { Candidate } from '../../streams/candidate.ts';
import { Gate } from '../../streams/gate.ts';

const candidate = (mode: string, ownWork?: { readonly kind: string }): Candidate =>
  ({ id: 'i', record: { uid: 'a', mode }, fresh: true, ownWork }) as never;

function gateAt(now: () => number = () => 0) {
  const events: StreamEvent[] = [];
  const gate = new Gate((event) => events.push(event), now);
  return { gate, events };
}

describe('the gate', () => {
  it('holds every mode while an operator or the switch has paused the service, and lets outcomes pass', () => {
    const { gate } = gateAt();
    expect(gate.holds(candidate('add'))).toBe(false);
    gate.pause({ by: 'switch', holds: 'everything', reason: 'r' });
    for (const mode of ['add', 'Modifying', 'delete']) expect(gate.holds(candidate(mode))).toBe(true);
    expect(gate.holds(candidate('adding', { kind: 'retry' }))).toBe(true);
    expect(gate.holds(candidate('adding', { kind: 'unwritten' }))).toBe(false);
  });

  it('holds only deletes while the brake has', () => {
    const { gate } = gateAt();
    gate.pause({ by: 'brake', holds: 'deletes', reason: 'r' });
    expect(['add', 'adding', 'modify', 'delete', 'deleting'].filter((mode) => gate.holds(candidate(mode)))).toEqual([
      'delete',
      'deleting',
    ]);
  });

  it('keeps the beginning of a pause that is given another reason, and says how long it was', () => {
    let now = 1_000;
    const { gate, events } = gateAt(() => now);
    gate.pause({ by: 'operator', holds: 'everything', reason: 'one', who: 'alice' });
    now = 5_000;
    gate.pause({ by: 'operator', holds: 'everything', reason: 'two' });
    expect(gate.pauses()).toEqual([{ by: 'operator', holds: 'everything', reason: 'two', since: 1_000 }]);
    now = 9_000;
    gate.resume('operator', 'bob');
    expect(events.at(-1)).toEqual({ event: 'resumedWork', by: 'operator', milliseconds: 8_000, who: 'bob' });
  });

  it('is open exactly if each pause that began has ended, and emits whenever one ends', () => {
    const by = fc.constantFrom<PauseBy>('operator', 'switch', 'brake');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), by)), (orders) => {
        const { gate } = gateAt();
        const lasting = new Set<PauseBy>();
        let opened = 0;
        let ended = 0;
        gate.opened$.subscribe(() => {
          opened += 1;
        });
        for (const [begins, who] of orders) {
          if (begins) {
            gate.pause({ by: who, holds: who === 'brake' ? 'deletes' : 'everything', reason: 'r' });
            lasting.add(who);
          } else {
            expect(gate.resume(who) !== undefined).toBe(lasting.has(who));
            if (lasting.delete(who)) ended += 1;
          }
          expect(new Set(gate.pauses().map((pause) => pause.by))).toEqual(lasting);
          expect(gate.holds(candidate('delete'))).toBe(lasting.size > 0);
          expect(gate.holds(candidate('add'))).toBe(lasting.has('operator') || lasting.has('switch'));
          expect(opened).toBe(ended);
        }
      }),
    );
  });
});
