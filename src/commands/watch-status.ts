import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceSnapshot } from '../domain/status.ts';
import { visible } from '../domain/visible.ts';
import { wantsColour } from '../observability/colour.ts';
import { ageAt } from '../observability/condition-words.ts';
import { wrap } from '../observability/wrap.ts';
import { fetchStatus } from '../operator/fetch-status.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { CommandExit } from './run-action.ts';
import { Screen, type ScreenSize } from './screen.ts';
import { renderStatus } from './status-screen.ts';
import { exitCodeFor } from './troubles.ts';

export interface WatchOptions {
  /** Returns the address to ask. */
  readonly address: () => Promise<string>;
  readonly intervalMilliseconds: number;
}

/** Why the service could not be reached, and since when. */
interface Outage {
  readonly since: string;
  readonly reason: string;
}

/**
 * Shows the status on the terminal, and updates it in place until Ctrl-C. If the service cannot be
 * reached at first, that is an error. If it cannot be reached later, for example during a restart,
 * the command waits for it. Resolves to the exit code for the last status.
 */
export async function watchStatus({ address, intervalMilliseconds }: WatchOptions): Promise<number> {
  const { stdout, env } = process;
  const ending = new AbortController();
  const { signal } = ending;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => ending.abort());
  const ask = async () => fetchStatus(await address(), {}, signal);
  let status = await ask();
  let outage: Outage | undefined;
  const colour = wantsColour(stdout, env);
  const screen = new Screen(stdout, (size) => withOutage(status, outage, { ...size, colour }));
  try {
    while (!signal.aborted) {
      screen.show();
      await delay(intervalMilliseconds, undefined, { signal }).catch(() => {});
      const asked = signal.aborted ? undefined : await ask().catch(orOutage(outage));
      if (signal.aborted || asked === undefined) break;
      if ('reason' in asked) outage = asked;
      else [status, outage] = [asked, undefined];
    }
  } finally {
    screen.close();
  }
  return outage === undefined ? exitCodeFor(status) : CommandExit.UNKNOWN;
}

/**
 * Returns a function that turns an error into an outage. If there was an outage before (`before`),
 * it continues.
 */
function orOutage(before: Outage | undefined): (error: unknown) => Outage {
  return (error) => {
    if (!(error instanceof OperatorError)) throw error;
    return { since: before?.since ?? new Date().toISOString(), reason: error.message };
  };
}

/** The status. During an outage, a line above it says why it is not current. */
function withOutage(
  status: ServiceSnapshot,
  outage: Outage | undefined,
  { columns, rows, colour }: ScreenSize & { readonly colour: boolean },
): string {
  if (outage === undefined) return renderStatus(status, { colour, columns, rows });
  const age = ageAt(new Date().toISOString());
  const words = `THE SERVICE CANNOT BE REACHED, for ${age(outage.since)}: ${outage.reason}; the status ${age(status.time)} ago:`;
  const head = wrap(visible(words), columns);
  return [...head, renderStatus(status, { colour: false, columns, rows: rows - head.length })].join('\n');
}
