import { randomUUID } from 'node:crypto';
import { type Dn, dnText } from '../../domain/dn.ts';
import { generalizedTime } from '../../domain/timestamp.ts';
import type { Attributes, StoredAttribute } from './entry.ts';

/**
 * Sets the attributes that a directory maintains itself (RFC 4512, section 3.4; RFC 4530 for
 * entryUUID).
 */
export class Stamps {
  readonly #now: () => Date;
  #count = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** The attributes of a new entry. */
  created(attributes: Attributes, by: Dn): Attributes {
    const time = generalizedTime(this.#now());
    const stamped = new Map(attributes);
    set(stamped, 'entryUUID', randomUUID());
    set(stamped, 'createTimestamp', time);
    set(stamped, 'creatorsName', dnText(by));
    return this.modified(stamped, by);
  }

  /** The attributes of a changed entry. */
  modified(attributes: Attributes, by: Dn): Attributes {
    const now = this.#now();
    this.#count = (this.#count + 1) % 1_000_000;
    const stamped = new Map(attributes);
    set(stamped, 'modifyTimestamp', generalizedTime(now));
    set(stamped, 'modifiersName', dnText(by));
    const fraction = String(this.#count).padStart(6, '0');
    set(stamped, 'entryCSN', `${generalizedTime(now).slice(0, -1)}.${fraction}Z#000000#000#000000`);
    return stamped;
  }
}

function set(attributes: Map<string, StoredAttribute>, name: string, value: string): void {
  attributes.set(name.toLowerCase(), { name, values: [Buffer.from(value, 'utf8')] });
}
