import { isDeepStrictEqual } from 'node:util';
import type { StreamEvent } from '../../src/domain/event.ts';
import { decodeLine, encodePureStep, type RecordedSettings } from '../../src/replay/recording.ts';
import { replayPureStep, replayRules } from '../../src/replay/replay.ts';
import type { PureStep } from '../../streams/turn/pure-steps.ts';

const TIME = '2026-03-01T02:00:00.000Z';

/** The differences and the events of steps that are recorded, read and replayed. */
export function replayed(
  steps: readonly PureStep[],
  settings: RecordedSettings,
): { readonly differences: readonly string[]; readonly events: readonly StreamEvent[] } {
  const rules = replayRules(settings);
  const differences: string[] = [];
  const events: StreamEvent[] = [];
  for (const step of steps) {
    const text = encodePureStep(TIME, step, settings.attributes);
    const line = decodeLine(text);
    if (!('step' in line)) throw new Error(`no step: ${text}`);
    const replayedStep = replayPureStep(line, rules);
    if (!isDeepStrictEqual(replayedStep.next, line.next)) {
      differences.push(`${text} came out as ${JSON.stringify(replayedStep.next)}`);
    }
    events.push(...replayedStep.events);
  }
  return { differences, events };
}
