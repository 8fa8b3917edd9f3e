import { isDeepStrictEqual } from 'node:util';
import type { StreamEvent } from '../../src/domain/event.ts';
import { decodeLine, encodeStep, type RecordedSettings } from '../../src/replay/recording.ts';
import { Replay } from '../../src/replay/replay.ts';
import type { Step } from '../../streams/turn/steps.ts';

const TIME = '2026-03-01T02:00:00.000Z';

/** What comes of steps that are recorded, read, and taken again. */
export function replayed(
  steps: readonly Step[],
  settings: RecordedSettings,
): { readonly differences: readonly string[]; readonly events: readonly StreamEvent[] } {
  const replay = new Replay(settings);
  const differences: string[] = [];
  const events: StreamEvent[] = [];
  for (const step of steps) {
    const text = encodeStep(TIME, step, settings.attributes);
    const line = decodeLine(text);
    const taken = line.kind === 'step' ? replay.take(line.step) : undefined;
    if (line.kind !== 'step' || !isDeepStrictEqual(taken?.next, line.step.next)) {
      differences.push(`${text} came out as ${JSON.stringify(taken?.next)}`);
    }
    events.push(...(taken?.events ?? []));
  }
  return { differences, events };
}
