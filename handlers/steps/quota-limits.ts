import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { shown, singleValue } from '../../src/domain/entry-value.ts';

/** Limits as setquota takes them: blocks of 1 KiB; 0 is no limit. */
export interface BlockLimits {
  readonly soft: bigint;
  readonly hard: bigint;
}

export type QuotaReading =
  | { readonly kind: 'limits'; readonly limits: BlockLimits }
  | { readonly kind: 'faulty'; readonly reason: string };

const BLOCK = 1024n;
/** The kernel keeps limits as signed 64-bit bytes. */
const LARGEST = 2n ** 63n - 1n;
/** The soft limit's ratio is applied in millionths, so that no digit of a large number is lost. */
const RATIO_SCALE = 1_000_000;

/**
 * Reads an account's quota in bytes. 0 is no limit, as for setquota. Absent, negative, not a whole number, or more than a
 * 64-bit file system can hold is a fault: an account never becomes unlimited by a mistake.
 */
export function readQuota(entry: DirectoryEntry, attribute: string, softRatio: number): QuotaReading {
  const value = singleValue(entry, attribute);
  if (value.kind === 'faulty') return value;
  if (value.kind === 'absent') return faulty(`the entry has no ${attribute}: write the bytes, or 0 for no limit`);
  const given = `${attribute} ${shown(value.text)}`;
  if (!/^-?(?:0|[1-9]\d*)$/.test(value.text)) return faulty(`${given} is not a whole number of bytes: correct it`);
  if (value.text.startsWith('-')) return faulty(`${given} is negative: write the bytes, or 0 for no limit`);
  if (value.text.length > 19 || BigInt(value.text) > LARGEST) {
    return faulty(`${given} is more than any file system holds: correct it`);
  }
  return { kind: 'limits', limits: limitsOf(BigInt(value.text), softRatio) };
}

/** Bytes as blocks, rounded up; the soft limit is the hard one times `softRatio`, never 0 unless the hard one is. */
export function limitsOf(bytes: bigint, softRatio: number): BlockLimits {
  const hard = (bytes + BLOCK - 1n) / BLOCK;
  const scale = BigInt(RATIO_SCALE);
  const soft = (hard * BigInt(Math.round(softRatio * RATIO_SCALE)) + scale - 1n) / scale;
  return { soft: hard > 0n && soft === 0n ? 1n : soft, hard };
}

function faulty(reason: string): QuotaReading {
  return { kind: 'faulty', reason };
}
