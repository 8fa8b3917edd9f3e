import { isDeepStrictEqual } from 'node:util';
import type { StreamEvent } from '../../src/domain/event.ts';
import { decodeLine, encodeStep, type RecordedSettings } from '../../src/replay/recording.ts';
import { replayRules, replayStep } from '../../src/replay/replay.ts';
import type { Step } from '../../streams/turn/steps.ts';

const TIME = '2026-03-01T02:00:00.000Z';

/** The differences and the events of steps that are recorded, read and replayed. */
export function replayed(
  steps: readonly Step[],
  settings: RecordedSettings,
): { readonly differences: readonly string[]; readonly events: readonly StreamEvent[] } {
  const rules = replayRules(settings);
  const differences: string[] = [];
  const events: StreamEvent[] = [];
  for (const step of steps) {
    const text = encodeStep(TIME, step, settings.attributes);
    const line = decodeLine(text);
    if (!('step' in line)) throw new Error(`no step: ${text}`);
    const replayedStep = replayStep(line, rules);
    if (!isDeepStrictEqual(replayedStep.next, line.next)) {
      differences.push(`${text} came out as ${JSON.stringify(replayedStep.next)}`);
    }
    events.push(...replayedStep.events);
  }
  return { differences, events };
}
