import type { PublishedEvent } from '../../src/domain/event.ts';
import type { RunningService } from './running-service.ts';

/** Fields that the uid gives, or that differ in each run. */
const OMITTED_FIELDS = new Set([
  'time',
  'event',
  'uid',
  'dn',
  'job',
  'entryUUID',
  'milliseconds',
  'state',
  'writtenAt',
]);

/**
 * The history of each account, by its uid: the events that a service prints about it (`--json`).
 * Each event is a line with its fields in the order of their names, such as `finished mode=added`.
 */
export class ServiceTraces {
  readonly #service: RunningService;
  readonly #omitted: RegExp | undefined;

  /** `omitted`: lines that may or may not come. They are left out. */
  constructor(service: RunningService, omitted?: RegExp) {
    this.#service = service;
    this.#omitted = omitted;
  }

  /** Resolves to the first event of the account. */
  begins(uid: string): Promise<string> {
    return this.#service.outputHas(`anything of ${uid}`, (output) => this.#of(output).get(uid)?.[0]);
  }

  /** Resolves when this is the last event of the account. */
  async ends(uid: string, event: string): Promise<void> {
    await this.#service.outputHas(
      `${event} of ${uid}`,
      (output) => this.#of(output).get(uid)?.at(-1) === event || undefined,
    );
  }

  /**
   * The histories of the accounts whose uid is a number. There is no order between accounts. Those
   * with the same history are combined.
   */
  get pinned(): Readonly<Record<string, readonly string[]>> {
    const uidsOf = new Map<string, string[]>();
    for (const [uid, lines] of this.#of(this.#service.output)) {
      const trace = lines.join('\n');
      if (/^\d+$/.test(uid)) uidsOf.set(trace, [...(uidsOf.get(trace) ?? []), uid].sort());
    }
    const traces = [...uidsOf].map(([trace, uids]) => [uids.join(' '), trace.split('\n')] as const);
    return Object.fromEntries(traces.sort(([one], [other]) => one.localeCompare(other)));
  }

  #of(output: string): ReadonlyMap<string, readonly string[]> {
    const traces = new Map<string, string[]>();
    // What follows the last newline is not complete yet.
    for (const text of output.split('\n').slice(0, -1)) {
      if (!text.startsWith('{')) continue;
      const event: PublishedEvent = JSON.parse(text);
      if (!('uid' in event) || event.uid === undefined) continue;
      const more = Object.entries(event).filter(([key]) => !OMITTED_FIELDS.has(key));
      const line = [event.event, ...more.map(([key, value]) => `${key}=${value}`).sort()].join(' ');
      if (this.#omitted?.test(line)) continue;
      const before = traces.get(event.uid) ?? [];
      // A persistent search may list its content twice, and a skipped account is reported each
      // time.
      if (event.event === 'skipped' && before.at(-1) === line) continue;
      traces.set(event.uid, [...before, line]);
    }
    return traces;
  }
}
