import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderWord } from '../../src/domain/lease.ts';
import { type HolderSlot, takeHolderSlot } from '../../src/lock/holder-slot.ts';

const BASE = 'ou=accounts,dc=example';

let temporary: string;
let folder: string;
const slots: HolderSlot[] = [];

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'slots-'));
  folder = join(temporary, 'service', 'slots');
  mkdirSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const slot of slots.splice(0)) await slot.release();
  rmSync(temporary, { recursive: true, force: true });
});

async function take(base = BASE, at = folder): Promise<HolderSlot> {
  const slot = await takeHolderSlot(base, at);
  slots.push(slot);
  return slot;
}

const word = ({ holder }: HolderSlot) => holderWord(holder);

describe('the slot of a service', () => {
  it('is the same one again when the service before has ended', async () => {
    const first = await take();
    await first.release();
    slots.pop();
    expect(word(await take())).toBe(word(first));
  });

  it('is another one beside a service that runs, and on another base', async () => {
    const words = [await take(), await take(), await take('ou=others,dc=example')].map(word);
    expect(new Set(words).size).toBe(3);
  });

  it('is another one in a copy of the folder', async () => {
    const first = await take();
    const copy = join(temporary, 'copy', 'slots');
    cpSync(folder, copy, { recursive: true });
    expect(word(await take(BASE, copy))).not.toBe(word(first));
  });
});
