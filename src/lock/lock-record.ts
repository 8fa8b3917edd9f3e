import * as z from 'zod';
import type { LockScope } from './compatibility.ts';

/** What a service records for the other services on its host. */
export interface LockRecord extends LockScope {
  /**
   * The pid in the service's own namespace. In another pid namespace the process may have another
   * number.
   */
  readonly pid: number;
  /** The base in the configuration, for messages. */
  readonly base: string;
}

/**
 * To be changed when the meaning of a record changes, because services of two versions may run on
 * one host.
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

/** Returns the text of a record, as it is in its file. */
export function encodeLockRecord(record: LockRecord): string {
  return `${JSON.stringify({ format: FORMAT, record })}\n`;
}

/** Reads a text that `encodeLockRecord` returned; undefined for any other text. Never throws. */
export function decodeLockRecord(text: string): LockRecord | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data?.record;
  } catch {
    return undefined; // not JSON
  }
}
