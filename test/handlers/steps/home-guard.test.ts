import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guardHome } from '../../../handlers/steps/home-guard.ts';
import type { Step, StepOutcome } from '../../../src/domain/job.ts';
import { contextOf, jobOf, temporaryFolder } from './job.ts';

function counted(): { step: Step; runs: () => number } {
  let runs = 0;
  const run = async (): Promise<StepOutcome> => {
    runs += 1;
    return { ok: true };
  };
  return { step: { name: 'script', longestMilliseconds: 1_000, run }, runs: () => runs };
}

async function guarded(homeRoot: string, homeDirectory: string | string[]): Promise<[StepOutcome, number]> {
  const { step, runs } = counted();
  const outcome = await guardHome(step, homeRoot).run(jobOf('anna', { homeDirectory }), contextOf());
  return [outcome, runs()];
}

describe('the guard of the home', () => {
  it('lets the step work on a home below the root, there or not yet there', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a/anna'), { recursive: true });
    for (const home of ['a/anna', 'a/./berta', 'b/chroot/./home/carla']) {
      expect(await guarded(root, `${root}/${home}`)).toEqual([{ ok: true }, 1]);
    }
  });

  it('lets the step work on an account without a home', async () => {
    expect(await guarded(temporaryFolder(), [])).toEqual([{ ok: true }, 1]);
  });

  it('keeps it from homes outside by name', async () => {
    const root = temporaryFolder();
    for (const home of ['/etc', root, `${root}/../etc`, `${root}x/anna`, 'relative', `${root}/a\nb`]) {
      expect(await guarded(root, home)).toMatchObject([{ ok: false, returnValue: 4 }, 0]);
    }
  });

  it('keeps it from homes that a symbolic link leads outside, at whatever depth, there or not yet there', async () => {
    const root = temporaryFolder();
    const elsewhere = temporaryFolder();
    mkdirSync(join(root, 'a'));
    symlinkSync(elsewhere, join(root, 'a/link'));
    symlinkSync(root, join(root, 'self'));
    symlinkSync('/nonexistent/target', join(root, 'dangling'));
    for (const home of ['a/link', 'a/link/anna', 'a/link/b/c/anna', 'self', 'dangling', 'dangling/anna']) {
      expect(await guarded(root, `${root}/${home}`)).toMatchObject([{ ok: false, returnValue: 4 }, 0]);
    }
    expect(await guarded(root, `${root}/self/a/anna`)).toEqual([{ ok: true }, 1]);
  });

  it('keeps it from everything while the root is not mounted', async () => {
    const root = join(temporaryFolder(), 'missing');
    const [outcome, runs] = await guarded(root, `${root}/anna`);
    expect(outcome).toMatchObject({ returnValue: 4, reason: expect.stringContaining('mount it') });
    expect(runs).toBe(0);
  });

  it('is not there without a root, and adds its time to the step’s with one', () => {
    const { step } = counted();
    expect(guardHome(step, null)).toBe(step);
    expect(guardHome(step, '/srv').longestMilliseconds).toBeGreaterThan(step.longestMilliseconds);
  });
});
