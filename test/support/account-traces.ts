import type { StreamEvent } from '../../src/domain/event.ts';
import type { MemoryDirectory, Operation } from './memory-directory.ts';

/** Fields that the DN or other lines already give, or that differ in each run. */
const OMITTED_FIELDS = new Set(['uid', 'job', 'entryUUID', 'writtenAt']);

/**
 * The history of each account in a test: the requests to the directory about it, and the services'
 * events. The lines of one account are in order; there is no order between accounts. A fencing
 * token, which differs between runs, is shown as `TOKEN`.
 */
export class AccountTraces {
  readonly #start = Date.now();
  readonly #lines = new Map<string, string[]>();

  /** Records the requests of all clients to the directory. Call it before services start. */
  recordRequests(directory: MemoryDirectory): void {
    directory.asked = (operation) => {
      if (operation.kind !== 'list') this.#add(uidOf(operation.dn), `asks ${textOf(operation)}`);
    };
  }

  /** Records an event of a service, which is given by its number. */
  record(service: number, event: StreamEvent): void {
    if (!('dn' in event)) return;
    const { event: name, dn, ...particulars } = event;
    const more = Object.entries(particulars).filter(([key]) => !OMITTED_FIELDS.has(key));
    this.#add(uidOf(dn), `${service} ${name}${more.map(([key, value]) => ` ${key}=${value}`).join('')}`);
  }

  /** The lines of each account, by its uid. Requests by entryUUID have that as their key. */
  get accounts(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#lines].sort(([one], [other]) => one.localeCompare(other)));
  }

  #add(uid: string, text: string): void {
    const lines = this.#lines.get(uid) ?? [];
    this.#lines.set(uid, lines);
    lines.push(`+${Date.now() - this.#start} ${text}`.replaceAll(/\b1\d{7}\b/g, 'TOKEN'));
  }
}

/** The value of the first RDN. */
function uidOf(dn: string): string {
  return /^[^=]+=([^,]*)/.exec(dn)?.[1] ?? dn;
}

function textOf({ kind, modifications }: Operation): string {
  const each = modifications.map(
    ({ operation, attribute, values }) => `${operation} ${attribute}: ${values.join(' ')}`,
  );
  const swapped = each.join('; ').replaceAll(/delete (\w+): (\S*); add \1: (\S*)/g, '$1 $2 -> $3');
  return `${kind} ${swapped}`.trim();
}
