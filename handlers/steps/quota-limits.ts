import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { shown, singleValue } from '../../src/domain/entry-value.ts';

/** Limits in blocks of 1 KiB, as setquota takes them. 0 means no limit. */
export interface BlockLimits {
  readonly soft: bigint;
  readonly hard: bigint;
}

export type QuotaReading =
  | { readonly kind: 'limits'; readonly limits: BlockLimits }
  | { readonly kind: 'faulty'; readonly reason: string };

const BLOCK = 1024n;
/** The kernel stores limits in bytes as signed 64-bit numbers. */
const LARGEST = 2n ** 63n - 1n;
/** The ratio is applied in millionths and with integers, so that large numbers stay exact. */
const RATIO_SCALE = 1_000_000;

/**
 * Reads an account's quota in bytes. 0 means no limit, as for setquota. A value that is absent,
 * negative, not a whole number or too large for a 64-bit file system is a fault, so that no account
 * becomes unlimited by mistake.
 */
export function readQuota(entry: DirectoryEntry, attribute: string, softRatio: number): QuotaReading {
  const value = singleValue(entry, attribute);
  if (value.kind === 'faulty') return value;
  if (value.kind === 'absent') return faulty(`the entry has no ${attribute}: write the bytes, or 0 for no limit`);
  const given = `${attribute} ${shown(value.text)}`;
  if (!/^-?(?:0|[1-9]\d*)$/.test(value.text)) return faulty(`${given} is not a whole number of bytes: correct it`);
  if (value.text.startsWith('-')) return faulty(`${given} is negative: write the bytes, or 0 for no limit`);
  if (value.text.length > 19 || BigInt(value.text) > LARGEST) {
    return faulty(`${given} is more than any file system can hold: correct it`);
  }
  return { kind: 'limits', limits: limitsOf(BigInt(value.text), softRatio) };
}

/**
 * Converts bytes to blocks, rounded up. The soft limit is the hard limit times `softRatio`, and is
 * 0 only if the hard limit is 0.
 */
export function limitsOf(bytes: bigint, softRatio: number): BlockLimits {
  const hard = (bytes + BLOCK - 1n) / BLOCK;
  const scale = BigInt(RATIO_SCALE);
  const soft = (hard * BigInt(Math.round(softRatio * RATIO_SCALE)) + scale - 1n) / scale;
  return { soft: hard > 0n && soft === 0n ? 1n : soft, hard };
}

function faulty(reason: string): QuotaReading {
  return { kind: 'faulty', reason };
}
