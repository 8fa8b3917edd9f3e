import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand, TimeBudgetExceeded } from './stage-command.ts';
import { runVitest, type VitestResult } from './vitest-run.ts';

const cwd = join(import.meta.dirname, 'fixtures/vitest-run');
const limits = { seconds: 60, cwd, output: 'ignore' } as const;

describe('a run of the tests', () => {
  it('says what passed, and of what failed where and why', async () => {
    const { passed, failures } = await runVitest(['passes-and-fails'], limits);
    expect(passed).toBe(1);
    expect(failures).toEqual([
      {
        kind: 'failed',
        what: 'passes-and-fails.ts > a sum > is wrong',
        why: [expect.stringMatching(/^AssertionError: expected .*to deeply equal/), 'at passes-and-fails.ts:5'],
      },
    ]);
  });

  it('fails by what is thrown outside of a test', async () => {
    const { passed, failures } = await runVitest(['fails-outside'], limits);
    expect(passed).toBe(1);
    expect(failures).toMatchObject([
      { what: 'fails-outside.ts', why: ['Error: not tidied up', 'at fails-outside.ts:4'] },
    ]);
  });

  it('fails where there is nothing to run', async () => {
    const { passed, failures } = await runVitest(['no-such-file'], limits);
    expect(passed).toBe(0);
    expect(failures).toMatchObject([{ what: 'vitest', why: [expect.stringMatching(/ended with 1$/)] }]);
  });

  it('that takes longer than its budget is ended, and names what was still running', { timeout: 90_000 }, async () => {
    const running = [
      'still running: stays-in-a-hook.ts > a server (beforeAll)',
      'still running: stays.ts > waits for what never comes',
    ];
    let outcome: VitestResult | undefined;
    // A busy machine may need longer than the shortest budget to reach what does not end.
    for (const seconds of [4, 16, 60]) {
      outcome = await runVitest(['stays'], { ...limits, seconds });
      const why = outcome.failures[0]?.why ?? [];
      if (running.every((line) => why.includes(line))) break;
    }
    const [failure, ...others] = outcome?.failures ?? [];
    expect(outcome?.passed).toBe(1);
    expect(others).toEqual([]);
    expect(failure?.why[0]).toMatch(/^it took longer than its budget of \d+ s, and was ended$/);
    expect(failure?.why.slice(1).sort()).toEqual(running);
  });
});

describe('a command of a stage', () => {
  const sh = (text: string, seconds: number) => runCommand('/bin/sh', ['-c', text], { seconds, cwd });

  it('fails by its exit code, by a signal, and where there is none', async () => {
    await expect(sh('exit 3', 60)).rejects.toThrow(/ended with 3$/);
    await expect(sh('kill -9 $$', 60)).rejects.toThrow(/ended with SIGKILL$/);
    await expect(runCommand('/no/such/command', [], limits)).rejects.toThrow('ENOENT');
    await sh('exit 0', 60);
  });

  it('is ended with all that it started when its budget is used up, also what ignores SIGTERM', async () => {
    // A process that is left behind would fail this file.
    await expect(sh(`trap '' TERM; sh -c 'trap "" TERM; sleep 602' & sleep 603`, 0.5)).rejects.toThrow(
      TimeBudgetExceeded,
    );
  });
});
