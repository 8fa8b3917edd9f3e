import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { comparableDn } from '../../src/domain/dn.ts';
import { claimFence, type Fence, isTokenDay, outcomeFence, TOKEN_DAYS, tokenDay } from '../../src/domain/fence.ts';
import { type Mode, readMode } from '../../src/domain/mode.ts';
import { attributesToRead, readAccount } from '../../src/domain/read-account.ts';
import { claim, failure, resume, success } from '../../src/domain/transition.ts';
import { type DirectoryOperations, operationsAt } from '../../src/ldap/operations.ts';
import { accountDn, BASE, NAMES, RULES, SERVICE_DN, SERVICE_PASSWORD, SERVICES } from '../support/accounts.ts';
import { type Changes, OPEN_ACCOUNTS, subscribe, subscription } from '../support/changes.ts';
import { RETRIED_AFTER_CRASH } from '../support/directory-389.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { ServiceTraces } from '../support/service-traces.ts';
import { type TestDirectory, text } from '../support/test-directory.ts';
import { type ConformingServer, SERVERS, type Ways } from './servers.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const DONE = { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' };
const WAITS_FOR_INACTIVE = 'waiting mode=delete reason=sstIsActive is TRUE; delete waits until it is FALSE';
const ELSEWHERE = `ou=backup,${SERVICES}`;

describe.each(SERVERS)('$name', RETRIED_AFTER_CRASH, ({ start, gone, fencing, ways }: ConformingServer) => {
  let directory: TestDirectory;
  let assertRunning: (() => Promise<void>) | undefined;
  let stop: () => Promise<void>;
  const endings: Array<() => unknown> = [];
  /** Ends a thing after the test. */
  const later = <T>(thing: T, end: (thing: T) => unknown): T => {
    endings.push(() => end(thing));
    return thing;
  };

  beforeAll(async () => {
    ({ directory, assertRunning, stop } = await start());
  });
  beforeEach(async () => {
    for (const base of [BASE, ELSEWHERE]) {
      for (const { dn } of await directory.search(base, '(uid=*)', 'one')) await directory.delete(dn);
    }
  });
  afterEach(async () => {
    try {
      for (const end of endings.splice(0).reverse()) await end();
    } finally {
      await assertRunning?.();
    }
  });
  afterAll(() => stop());

  describe.each(ways)(
    'by $protocol',
    ({ protocol, opened, renamed, movedIn, tellsLeaving, inOrder, listsTwice }: Ways) => {
      const connected = async (): Promise<Changes> => {
        const changes = later(subscribe(directory.login.url, { protocol }), (it) => it.stop());
        await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
        return changes;
      };
      /**
       * Subscribes and waits until changes arrive live: a persistent search may list the first of
       * them as present content.
       */
      const watch = async (): Promise<Changes> => {
        const changes = await connected();
        for (let n = 1; !changes.short.includes(`add uid=first-${n - 1}`); n += 1) {
          await directory.addAccount(`first-${n}`, OPEN);
          await changes.until((short) => short.some((what) => what.endsWith(` uid=first-${n}`)));
        }
        changes.forget();
        return changes;
      };
      /**
       * Expects exactly these changes of an account. A change of another account, which is made
       * now, has to come after them.
       */
      const expectTold = async (changes: Changes, uid: string, expected: readonly string[]): Promise<void> => {
        const told = () => changes.short.filter((what) => what.endsWith(` uid=${uid}`));
        await changes.until(() => told().length >= expected.length);
        await directory.addAccount('sentinel', OPEN);
        await changes.emitted('add uid=sentinel');
        if (inOrder) expect(told()).toEqual(expected);
        else expect(told().sort()).toEqual([...expected].sort());
      };

      it('lists the open accounts, all of them and no others, and says when that is complete', async () => {
        for (const uid of ['1', '2']) await directory.addAccount(uid, OPEN);
        await directory.addAccount('3', DONE);
        const { short } = await connected();
        expect(short.slice(0, 2)).toEqual(['connected', 'refreshing']);
        // A persistent search does not show where the initial content ends. A plain search beside
        // it does, and lists it again.
        expect([...new Set(short.slice(2))].sort()).toEqual(['refresh uid=1', 'refresh uid=2', 'refreshed 2']);
      });

      it('tells of an account that is added, and of each change of it', async () => {
        const changes = await watch();
        await directory.addAccount('1', OPEN);
        await directory.modify(accountDn('1'), { sstProvisioningMode: 'adding' });
        await directory.modify(accountDn('1'), { cn: 'of another attribute' });
        await expectTold(changes, '1', ['add uid=1', 'modify uid=1', 'modify uid=1']);
      });

      it('tells who wrote to an account last, live as in a refresh', async () => {
        const attributes = attributesToRead(NAMES);
        const writers = (changes: Changes): unknown[] =>
          changes.all.flatMap((change) => {
            const reading = change.kind === 'entry' ? readAccount(change.entry, NAMES, RULES) : undefined;
            return reading?.kind === 'account' ? [reading.record.modifiedBy?.toLowerCase()] : [];
          });
        const changes = later(subscribe(directory.login.url, { protocol, attributes }), (it) => it.stop());
        await changes.until((short) => short.some((what) => what.startsWith('refreshed')));
        await directory.addAccount('1', OPEN);
        await changes.until((short) => short.some((what) => what.endsWith(' uid=1')));
        const asService = later(operations(), (it) => it.close());
        await asService.modify(accountDn('1'), [
          { operation: 'replace', attribute: 'sstProvisioningMode', values: ['adding'] },
        ]);
        await changes.until(() => writers(changes).length === 2);
        expect(writers(changes)).toEqual([directory.login.dn, SERVICE_DN].map((dn) => dn.toLowerCase()));
        const again = later(subscribe(directory.login.url, { protocol, attributes }), (it) => it.stop());
        await again.until((short) => short.some((what) => what.startsWith('refreshed')));
        expect([...new Set(writers(again))]).toEqual([SERVICE_DN.toLowerCase()]);
      });

      it('tells of an account that opens', async () => {
        await directory.addAccount('1', DONE);
        const changes = await watch();
        await directory.request('1', 'MODIFY');
        await expectTold(changes, '1', [`${opened} uid=1`]);
      });

      it('tells the new name of an account', async () => {
        await directory.addAccount('1', OPEN);
        const changes = await watch();
        await directory.rename(accountDn('1'), accountDn('11'));
        await expectTold(changes, '11', [`${renamed} uid=11`]);
      });

      it('tells that an account was deleted', async () => {
        await directory.addAccount('1', OPEN);
        const changes = await watch();
        await directory.delete(accountDn('1'));
        await changes.emitted('left uid=1');
      });

      it('tells of an account that is moved to below the base', async () => {
        await directory.addAccount('1', OPEN);
        await directory.rename(accountDn('1'), `uid=1,${ELSEWHERE}`);
        const changes = await watch();
        await directory.rename(`uid=1,${ELSEWHERE}`, accountDn('1'));
        await expectTold(changes, '1', [`${movedIn} uid=1`]);
      });

      it(`tells ${tellsLeaving ? '' : 'nothing '}of an account that is finished`, async () => {
        await directory.addAccount('1', OPEN);
        const changes = await watch();
        await directory.modify(accountDn('1'), DONE);
        await expectTold(changes, '1', tellsLeaving ? ['left uid=1'] : []);
      });

      it('says how it refuses late requests', async () => {
        const changes = await connected();
        expect(changes.all).toContainEqual(expect.objectContaining({ kind: 'connected', fencing }));
      });

      it('tells the service of its own writes', async () => {
        await directory.addAccount('1', OPEN);
        const changes = await watch();
        const own = later(operations(), (it) => it.close());
        await own.modify(accountDn('1'), [{ operation: 'replace', attribute: NAMES.mode, values: ['adding'] }]);
        await changes.emitted('modify uid=1');
      });

      it('refuses a wrong password with 49', async () => {
        const options = { protocol, readPassword: () => Promise.resolve('wrong') };
        const changes = later(subscribe(directory.login.url, options), (it) => it.stop());
        expect(await changes.ended()).toMatchObject({ resultCode: 49 });
      });

      /**
       * The history of each account is pinned. Each request waits until the service has told what
       * the one before it led to: a server may report two changes as one, or in another order.
       */
      describe('with the service', () => {
        const service = async (script: string, omitted?: RegExp) => {
          const running = await setUpService({
            url: directory.login.url,
            script: `echo "$1 $2" >> "$FOLDER/runs"\n${script}`,
            directory: { subscription: protocol },
            flags: ['--json'],
          });
          const traces = new ServiceTraces(running, omitted);
          later(running, (it) => it.remove());
          later(traces, (it) => expect(it.pinned).toMatchSnapshot());
          await running.start();
          return { running, traces };
        };
        /** Starts the service, and waits until changes arrive live, as `watch` does. */
        const live = async (script: string) => {
          const { running, traces } = await service(script);
          for (let n = 1; ; n += 1) {
            await directory.addAccount(`first-${n}`, OPEN);
            if ((await traces.begins(`first-${n}`)).startsWith('received change=add')) return { running, traces };
          }
        };

        it('takes an account through add, modify, delete and removal', async () => {
          const { traces } = await live(':');
          await directory.addAccount('1', OPEN);
          await traces.ends('1', 'finished mode=added');
          const added = await directory.read('1');
          expect(added && text(added, NAMES.state)).toMatch(/^\d{8}T\d{6}Z$/);
          expect(added && text(added, 'sstProvisioningReturnValue')).toBe('0');
          await directory.request('1', 'modify');
          await traces.ends('1', 'finished mode=modified');
          await directory.request('1', 'delete');
          await traces.ends('1', WAITS_FOR_INACTIVE);
          await directory.request('1', 'delete', { sstIsActive: 'FALSE' });
          await traces.ends('1', 'finished mode=deleted');
          await directory.delete(accountDn('1'));
          await directory.addAccount('1', OPEN);
          await traces.ends('1', 'finished mode=added');
        });

        it('takes up what was open and what was interrupted before it started', async () => {
          await directory.addAccount('1', OPEN);
          await directory.addAccount('2', { ...OPEN, sstProvisioningMode: 'modifying' });
          // An account that comes twice may be met again when it is finished.
          const { traces } = await service(':', listsTwice ? /^conflict / : undefined);
          await traces.ends('1', 'finished mode=added');
          await traces.ends('2', 'finished mode=modified');
        });

        it('never overwrites a request that was written while its script ran', async () => {
          const { running, traces } = await live('until [ -e "$FOLDER/go" ]; do sleep 0.02; done');
          await directory.addAccount('1', OPEN);
          await traces.ends('1', 'claimed mode=adding');
          await directory.request('1', 'modify');
          await traces.ends('1', 'queued mode=modify');
          await writeFile(join(running.folder, 'go'), '');
          await traces.ends('1', 'finished mode=modified');
          expect(await runsOf(running)).toEqual(['add 1', 'modify 1']);
        });

        it('goes on when an account is renamed, and when it is deleted, while its script runs', async () => {
          const { running, traces } = await live('until [ -e "$FOLDER/go" ]; do sleep 0.02; done');
          await directory.addAccount('1', OPEN);
          await directory.addAccount('2', OPEN);
          for (const uid of ['1', '2']) await traces.ends(uid, 'claimed mode=adding');
          await directory.rename(accountDn('1'), accountDn('11'));
          await directory.delete(accountDn('2'));
          await writeFile(join(running.folder, 'go'), '');
          await directory.waitForMode('11', 'added');
          await traces.ends('1', 'finished mode=added');
          await traces.ends('2', 'superseded mode=adding reason=the entry is gone');
          await directory.addAccount('3', OPEN);
          await traces.ends('3', 'finished mode=added');
        });

        it('runs the script of each of a burst of accounts once', async () => {
          const { running, traces } = await live(':');
          const uids = Array.from({ length: 60 }, (_, index) => String(100 + index));
          for (const uid of uids) await directory.addAccount(uid, OPEN);
          for (const uid of uids) await traces.ends(uid, 'finished mode=added');
          expect((await runsOf(running)).sort()).toEqual(uids.map((uid) => `add ${uid}`));
        });
      });
    },
  );

  describe('asked by the service', () => {
    const asked = () => later(operations(), (it) => it.close());
    const recordOf = async (uid: string) => {
      const entry = await asked().read(accountDn(uid));
      const reading = entry && readAccount(entry, NAMES, RULES);
      if (reading?.kind !== 'account') throw new Error(`the account ${uid} cannot be read`);
      return reading.record;
    };

    it('lets one of two claims through, and refuses the other with 16', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningMode: 'ADD' });
      const modifications = claim(await recordOf('1'), 'add', NAMES, true, { by: 'nothing' });
      const claims = [asked(), asked()].map((own) => own.modify(accountDn('1'), modifications, { postRead: 'entry' }));
      const outcomes = await Promise.allSettled(claims);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { resultCode: 16 } });
      const won = outcomes.find((outcome) => outcome.status === 'fulfilled');
      expect(won?.value && text(won.value, NAMES.mode)).toBe('adding');
    });

    it('clears the return value with the claim, which fails where another claim has cleared it since', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningMode: 'modify', sstProvisioningReturnValue: '0' });
      const modifications = claim(await recordOf('1'), 'modify', NAMES, true, { by: 'nothing' });
      const won = await asked().modify(accountDn('1'), modifications, { postRead: 'entry' });
      expect(won?.values(NAMES.returnValue ?? '')).toEqual([]);
      await directory.request('1', 'modify');
      await expect(asked().modify(accountDn('1'), modifications, { postRead: 'entry' })).rejects.toMatchObject({
        resultCode: 16,
      });
    });

    /** Claims the account as the service does. Returns the record and the fence of its outcome. */
    const claimed = async (uid: string): Promise<{ record: AccountRecord; fence: Fence }> => {
      const record = await recordOf(uid);
      const mode = readMode(record.mode)?.mode ?? 'add';
      const asking = claimFence(record, fencing, tokenDay(randomInt(TOKEN_DAYS)));
      const after = await asked().modify(accountDn(uid), claim(record, mode, NAMES, true, asking), {
        postRead: 'entry',
        fence: asking,
      });
      const reading = after && readAccount(after, NAMES, RULES);
      if (reading?.kind !== 'account') throw new Error('the claim was not answered with the account');
      return { record: reading.record, fence: outcomeFence(asking, reading.record) };
    };
    const REFUSED = { version: 122, token: 16 } as const;
    const outcomeOf = ({ record, fence }: { record: AccountRecord; fence: Fence }, mode: Mode, code: number) =>
      code === 0
        ? success(record, mode, NAMES, '20260102T030405Z', { timings: [], optional: 'all', withDate: true, fence })
        : failure(record, NAMES, code, { timings: [], optional: 'all', fence });

    it.each([
      ['add', 0],
      ['add', 33],
      ['modify', 0],
      ['delete', 33],
    ] as const)('refuses the outcome of a claim of %s with %i that comes after the next claim', async (mode, code) => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningMode: mode, sstIsActive: 'FALSE' });
      const first = await claimed('1');
      const late = outcomeOf(first, mode, code);
      await asked().modify(accountDn('1'), late, { fence: first.fence });
      await directory.request('1', mode, { sstIsActive: 'FALSE' });
      const second = await claimed('1');
      const attempt = asked().modify(accountDn('1'), late, { fence: first.fence });
      await expect(attempt).rejects.toMatchObject({ resultCode: REFUSED[fencing] });
      expect((await recordOf('1')).mode).toBe(second.record.mode);
      await asked().modify(accountDn('1'), outcomeOf(second, mode, 0), { fence: second.fence });
      expect(await recordOf('1')).toMatchObject({ state: '20260102T030405Z', date: { value: '0' } });
    });

    it('refuses a claim that comes after the account was requested again and claimed', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningDate: '20260101' });
      const record = await recordOf('1');
      const fence = claimFence(record, fencing, '10000101');
      await claimed('1');
      await directory.request('1', 'add', { sstProvisioningDate: '20260101' });
      const late = asked().modify(accountDn('1'), claim(record, 'add', NAMES, true, fence), { fence });
      if (fencing === 'version') await expect(late).rejects.toMatchObject({ resultCode: 122 });
      else expect(await late.then(() => recordOf('1'))).toMatchObject({ date: { value: '10000101' } });
    });

    it('lets one of two services take up what was interrupted', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningMode: 'adding', sstProvisioningDate: '20260101' });
      const record = await recordOf('1');
      const resumes = ['10000101', '10000102'].map((token) => {
        const fence = claimFence(record, fencing, token);
        return asked().modify(accountDn('1'), resume(record, NAMES, fence), { fence });
      });
      const outcomes = await Promise.allSettled(resumes);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { resultCode: REFUSED[fencing] },
      });
      const { mode, date } = await recordOf('1');
      expect(mode).toBe('adding');
      expect(isTokenDay(date?.value ?? '')).toBe(fencing === 'token');
    });

    it('puts the day back with a failure', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningDate: '20260101' });
      const job = await claimed('1');
      await asked().modify(accountDn('1'), outcomeOf(job, 'add', 5), { fence: job.fence });
      expect(await recordOf('1')).toMatchObject({ mode: 'adding', returnValue: '5', date: { value: '20260101' } });
    });

    it('finishes what was claimed, and nothing that changed since', async () => {
      await directory.addAccount('1', { ...OPEN, sstProvisioningMode: 'adding', sstProvisioningDate: '20260101' });
      const done = success(await recordOf('1'), 'add', NAMES, '20260102T030405Z', {
        timings: [],
        optional: 'all',
        withDate: true,
        fence: { by: 'nothing' },
      });
      await asked().modify(accountDn('1'), done);
      const entry = await directory.waitForMode('1', 'added');
      expect(text(entry, NAMES.state)).toBe('20260102T030405Z');
      expect((await recordOf('1')).date?.value).toBe('0');
      await expect(asked().modify(accountDn('1'), done)).rejects.toMatchObject({ resultCode: 16 });
    });

    it(`refuses to change an account that is gone, with ${gone}`, async () => {
      const change = [{ operation: 'replace', attribute: NAMES.mode, values: ['adding'] }] as const;
      await expect(asked().modify(accountDn('1'), change)).rejects.toMatchObject({ resultCode: gone });
      expect(await asked().read(accountDn('1'))).toBeUndefined();
    });

    it('refuses to let it write what is not provisioning, with 50', async () => {
      await directory.addAccount('1', OPEN);
      const change = [{ operation: 'replace', attribute: 'sstQuota', values: ['1'] }] as const;
      await expect(asked().modify(accountDn('1'), change)).rejects.toMatchObject({ resultCode: 50 });
    });

    it('finds an account by its entryUUID after it was renamed', async () => {
      await directory.addAccount('1', OPEN);
      const { entryUUID = '' } = await recordOf('1');
      await directory.rename(accountDn('1'), accountDn('11'));
      expect(comparableDn((await asked().find(entryUUID))?.dn ?? '')).toBe(comparableDn(accountDn('11')));
    });

    it('lists the open accounts in pages', async () => {
      for (const uid of ['1', '2', '3', '4', '5']) await directory.addAccount(uid, OPEN);
      await directory.addAccount('6', DONE);
      const found: string[] = [];
      const request = { filter: OPEN_ACCOUNTS, attributes: ['uid'] };
      await asked().search(request, { pageSize: 2 }, (entry) => found.push(text(entry, 'uid')));
      expect(found.sort()).toEqual(['1', '2', '3', '4', '5']);
    });
  });

  /** The operations of a service on the directory. */
  function operations(): DirectoryOperations {
    const { url } = directory.login;
    const { access } = subscription(url, { bindDn: SERVICE_DN, readPassword: () => Promise.resolve(SERVICE_PASSWORD) });
    return operationsAt(access, url, BASE);
  }
});

/**
 * The arguments of each run of the script for an account whose uid is a number, such as `add 1`.
 */
async function runsOf({ folder }: RunningService): Promise<string[]> {
  return (await readFile(join(folder, 'runs'), 'utf8')).split('\n').filter((line) => / \d+$/.test(line));
}
