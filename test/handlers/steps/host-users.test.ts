import { describe, expect, it } from 'vitest';
import { hostObjection } from '../../../handlers/steps/host-users.ts';
import type { CommandResult } from '../../../src/script/command.ts';
import type { Getent } from '../../../src/script/getent.ts';
import { inPath, standIn, temporaryFolder } from './job.ts';

const rules = { lowestUidNumber: 1000 };

function objectionBy(getent?: Getent, abort = new AbortController()) {
  return hostObjection({ rules, signal: abort.signal, ...(getent === undefined ? {} : { getent }) });
}

const exited = (output: string, exitCode = 0): CommandResult => ({ kind: 'exited', exitCode, output, complaint: '' });

describe('what the host has against an account', () => {
  it.each(['root', 'daemon', 'www-data', 'nobody'])('is that %s is a user of its own', async (uid) => {
    for (const uidNumber of ['5000', undefined]) {
      const objection = await objectionBy()({ uid, ...(uidNumber === undefined ? {} : { uidNumber }) });
      if (uid === 'nobody' && uidNumber === undefined) expect(objection).toBeUndefined();
      else expect(objection).toContain(`this host knows ${uid} by the number`);
    }
  });

  it('is nothing for a name that it does not know, for one that agrees, and for a number', async () => {
    const objection = objectionBy();
    expect(await objection({ uid: 'no-such-user', uidNumber: '5000' })).toBeUndefined();
    expect(await objection({ uid: 'nobody', uidNumber: '65534' })).toBeUndefined();
    expect(await objection({ uid: '3724300', uidNumber: '3724300' })).toBeUndefined();
    expect(await objection({ uid: '0', uidNumber: '5000' })).toBeUndefined();
  });

  it('is that it cannot say who that is, where it does not answer', async () => {
    const failing: CommandResult[] = [
      { kind: 'timedOut', milliseconds: 10_000, output: '', complaint: '' },
      { kind: 'notStarted', code: 'ENOENT', output: '', complaint: '' },
      exited('', 3),
      exited('x'.repeat(16 * 1024)),
    ];
    for (const result of failing) {
      const objection = objectionBy(() => Promise.resolve(result));
      expect(await objection({ uid: 'anna' })).toContain('this host cannot say who anna is');
    }
  });

  it('is asked for in few processes when many accounts come at once, each getting its own answer', async () => {
    const folder = temporaryFolder();
    const getent = standIn(
      folder,
      'getent',
      'shift; for n; do case $n in s*) echo "$n:x:33:33::/:/bin/sh" ;; o*) echo "$n:x:7:7::/:/bin/sh" ;; esac; done; exit 2',
    );
    inPath(folder);
    const objection = objectionBy();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => objection({ uid: `${'sk'[index % 2]}${index}`, uidNumber: '5000' })),
    );
    for (const [index, answer] of answers.entries()) {
      if (index % 2 === 1) expect(answer).toBeUndefined();
      else expect(answer).toContain(`s${index} by the number 33`);
    }
    expect(getent.calls().length).toBeLessThanOrEqual(11);
    expect(getent.calls().flatMap(([, ...names]) => names)).toHaveLength(300);
  });

  it('is not waited for when the service stops', async () => {
    const abort = new AbortController();
    const objection = objectionBy((_, __, { signal }) => {
      expect(signal).toBe(abort.signal);
      abort.abort(new Error('told to stop'));
      return Promise.resolve({ kind: 'aborted', output: '', complaint: '' });
    }, abort);
    await expect(objection({ uid: 'anna' })).rejects.toThrow('told to stop');
  });
});
