import type { Settings } from '../config/schema.ts';
import type { JournalHealth } from './domain/status.ts';
import { handlerFacts } from './handler-facts.ts';
import { shortageIn } from './host/shortage.ts';
import type { EventSource, OperatorServer } from './operator/server.ts';
import { programVersion } from './version.ts';

/**
 * Opens the operator interface if the settings say so. If it cannot be opened, `notice` is called
 * with the reason, and the service runs without it.
 */
export async function openOperatorInterface(
  settings: Settings,
  events$: EventSource,
  notice: (message: string, level: 'error') => void,
  journal?: () => JournalHealth,
): Promise<OperatorServer | undefined> {
  const { listen, allowRemote } = settings.operator;
  if (listen === null) return undefined;
  const { OperatorError } = await import('./operator/listen-address.ts');
  const { startOperatorServer } = await import('./operator/server.ts');
  try {
    const { steps } = handlerFacts(settings);
    const version = programVersion();
    return await startOperatorServer({ listen, allowRemote, events$, steps, version, now: Date.now, journal });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message, remedy } = shortageIn(error) ?? error;
    notice(`no operator interface: ${message}; ${remedy}`, 'error');
    return undefined;
  }
}
