import * as z from 'zod';
import type { Scope } from './compatibility.ts';

/** What a service says of itself to the others on its host. */
export interface LockRecord extends Scope {
  /** As it sees itself: another pid namespace may know it by another number. */
  readonly pid: number;
  /** Its base as it is configured, for people. */
  readonly base: string;
}

/**
 * Changed when what is written comes to mean something else: services of two versions may meet on a
 * host.
 */
const FORMAT = 1;

const entry = z.object({ dn: z.string(), ids: z.record(z.string(), z.string()) });
const schema = z.object({
  format: z.literal(FORMAT),
  record: z.object({
    pid: z.number(),
    instances: z.enum(['one', 'several']),
    base: z.string(),
    paths: z.array(z.object({ server: z.string(), entries: z.array(entry) })),
  }),
});

/** A record as its file holds it. */
export function encodeRecord(record: LockRecord): string {
  return `${JSON.stringify({ format: FORMAT, record })}\n`;
}

/** Reads what `encodeRecord` wrote; undefined for anything else. Never throws. */
export function decodeRecord(text: string): LockRecord | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data?.record;
  } catch {
    return undefined; // no JSON
  }
}
