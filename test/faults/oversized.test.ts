import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn, accountLdif, manyAccounts } from '../support/accounts.ts';
import { startWorld, type World } from './world.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const MEBIBYTE = 2 ** 20;
/** In MiB: more than 16 MiB, the size limit of an entry. */
const TOO_MUCH = 20;
const GOOD = 30;
/** As many as there are slots. */
const LARGE = Array.from({ length: 8 }, (_, index) => `20${index}`);
const MANY_UIDS = '300';

/** This number of values of one mebibyte each. */
function values(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index} `.padEnd(MEBIBYTE, 'x'));
}

function* directory(): Generator<string> {
  for (const uid of LARGE) yield accountLdif(uid, { ...OPEN, description: values(TOO_MUCH) });
  yield accountLdif(MANY_UIDS, { ...OPEN, uid: [MANY_UIDS, ...values(TOO_MUCH)] });
  yield* manyAccounts(GOOD, OPEN);
}

describe('entries that are too large to be read', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      slapd: { preload: directory(), globalLines: ['sockbuf_max_incoming_auth 67108864'] },
      settings: { concurrency: LARGE.length, directory: { requestTimeout: '20s' }, reconnect: { deadAfter: '20s' } },
    });
  });
  afterAll(() => world?.stop());

  const skipped = (uid: string) =>
    expect
      .poll(() => world.service.output, { timeout: 20_000 })
      .toMatch(new RegExp(`skipped +${uid} .*bytes, and at most 16777216 are read: remove the values`));

  it('are skipped with a reason, and neither hold permits nor break the connections of the others', async () => {
    for (let index = 0; index < GOOD; index += 1) await world.finished(String(1_000_000 + index), 'add');
    for (const uid of [...LARGE, MANY_UIDS]) await skipped(uid);
    expect(world.service.output).not.toContain('disconnected');
    expect(world.service.output).not.toContain('retrying');
    expect(world.proxy.connections).toHaveLength(2);
    expect(world.script.journal().filter(({ uid }) => uid.length < 7)).toEqual([]);
  });

  it('are done as soon as somebody makes them smaller', async () => {
    await world.slapd.modify(accountDn(MANY_UIDS), { uid: MANY_UIDS });
    await world.finished(MANY_UIDS, 'add');
    const [first = ''] = LARGE;
    await world.slapd.modify(accountDn(first), { description: 'short' });
    await world.finished(first, 'add');
  });

  it('are noticed also where they become so while they wait', async () => {
    await world.slapd.addAccount('400', { ...OPEN, sstProvisioningDate: '20991231' });
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toMatch(/deferred +400/);
    const change = ['changetype: modify', 'add: uid', ...values(TOO_MUCH).map((value) => `uid: ${value}`)];
    const written = await world.slapd.load(`dn: ${accountDn('400')}\n${change.join('\n')}\n`);
    expect(written.stderr).toBe('');
    await skipped('400');
    await world.slapd.modify(accountDn('400'), { uid: '400', sstProvisioningExecutionDate: '0' });
    await world.finished('400', 'add');
    expect(world.proxy.connections).toHaveLength(2);
  });
});
