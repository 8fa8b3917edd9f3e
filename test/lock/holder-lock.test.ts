import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holderWord } from '../../src/domain/lease.ts';
import { type HolderLock, takeHolderLock } from '../../src/lock/holder-lock.ts';

const BASE = 'ou=accounts,dc=example';

let temporary: string;
let folder: string;
const locks: HolderLock[] = [];

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'locks-'));
  folder = join(temporary, 'service', 'locks');
  mkdirSync(folder, { recursive: true });
});
afterEach(async () => {
  for (const lock of locks.splice(0)) await lock.release();
  rmSync(temporary, { recursive: true, force: true });
});

async function take(base = BASE, at = folder): Promise<HolderLock> {
  const lock = await takeHolderLock(base, at);
  locks.push(lock);
  return lock;
}

const word = ({ holder }: HolderLock) => holderWord(holder);

describe('the holder lock of a service', () => {
  it('is the same one again when the service before has ended', async () => {
    const first = await take();
    await first.release();
    locks.pop();
    expect(word(await take())).toBe(word(first));
  });

  it('is another one next to a running service, and on another base', async () => {
    const words = [await take(), await take(), await take('ou=others,dc=example')].map(word);
    expect(new Set(words).size).toBe(3);
  });

  it('is another one in a copy of the folder', async () => {
    const first = await take();
    const copy = join(temporary, 'copy', 'locks');
    cpSync(folder, copy, { recursive: true });
    expect(word(await take(BASE, copy))).not.toBe(word(first));
  });
});
