import type { StreamEvent } from '../../src/domain/event.ts';
import type { MemoryDirectory, Operation } from './memory-directory.ts';

/** Said by the DN already, or different in each run. */
const UNTOLD = new Set(['uid', 'job', 'entryUUID']);

/**
 * What became of each account in the course of a test: what was asked of the directory about it, and what the services told.
 * Per account the order is that in which it happened; the order between accounts is left open. Fencing tokens differ between
 * runs, so each of them reads `TOKEN`.
 */
export class AccountTraces {
  readonly #start = Date.now();
  readonly #lines = new Map<string, string[]>();

  /** Follows what clients ask of the directory. To be called before services start. */
  follow(directory: MemoryDirectory): void {
    directory.asked = (operation) => {
      if (operation.kind !== 'list') this.#add(uidOf(operation.dn), `asks ${textOf(operation)}`);
    };
  }

  /** A service, by its number, told an event. */
  told(service: number, event: StreamEvent): void {
    if (!('dn' in event)) return;
    const { event: name, dn, ...particulars } = event;
    const more = Object.entries(particulars).filter(([key]) => !UNTOLD.has(key));
    this.#add(uidOf(dn), `${service} ${name}${more.map(([key, value]) => ` ${key}=${value}`).join('')}`);
  }

  /** The lines of each account, by its uid; of what was asked by an entryUUID, by that. */
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
