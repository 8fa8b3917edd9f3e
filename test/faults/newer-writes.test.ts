import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MODES } from '../../src/domain/mode.ts';
import { accountAttributes, accountDn, BASE, SERVICES } from '../support/accounts.ts';
import { text } from '../support/test-directory.ts';
import { QUIET_MOMENTS } from './steps.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.heal();
  await world.connected();
});
afterEach(() => expect(world.script.overlaps()).toEqual([]));

describe.each(MODES)('a newer request, %s, wins', (newer) => {
  it.each(QUIET_MOMENTS)('$name of an add', async ({ reach }) => {
    const uid = await world.account();
    let before = 0;
    await reach(world, uid, 'add', async () => {
      before = world.script.journal().length;
      await world.ask(uid, newer);
    });
    await world.finished(uid, newer);
    const later = world.script.journal().slice(before);
    expect(later.some((run) => run.what === 'start' && run.uid === uid && run.mode === newer)).toBe(true);
    expect(world.script.starts(uid).length, world.tell(uid)).toBeLessThanOrEqual(2);
  });
});

describe('an entry that somebody else touches', () => {
  it.each(QUIET_MOMENTS)(
    '$name, by deleting it: costs nothing else, and the same uid can come back',
    async ({ reach }) => {
      const uid = await world.account();
      await reach(world, uid, 'add', () => world.slapd.delete(accountDn(uid)));
      const other = await world.account();
      await world.ask(other, 'modify');
      await world.finished(other, 'modify');
      expect(await world.slapd.read(uid)).toBeUndefined();
      await world.slapd.addAccount(uid, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
      await world.finished(uid, 'add');
    },
  );

  it.each(QUIET_MOMENTS)(
    '$name, by replacing it with another entry of the same uid: serves both',
    async ({ reach }) => {
      const uid = await world.account();
      await reach(world, uid, 'add', async () => {
        await world.slapd.delete(accountDn(uid));
        await world.slapd.addAccount(uid, { sstProvisioningMode: 'modify', sstProvisioningState: '0' });
      });
      await world.finished(uid, 'modify');
      expect(world.script.starts(uid).filter(({ mode }) => mode === 'modify')).toHaveLength(1);
    },
  );

  it.each(QUIET_MOMENTS)('$name, by renaming it: finishes it under its new name', async ({ reach }) => {
    const uid = await world.account();
    const renamed = `${uid}-renamed`;
    await reach(world, uid, 'add', () => world.slapd.rename(accountDn(uid), accountDn(renamed)));
    await world.finished(renamed, 'add');
  });

  it.each(QUIET_MOMENTS)('$name, by moving it away and back: finishes it', async ({ reach }) => {
    const uid = await world.account();
    const away = `uid=${uid},${SERVICES}`;
    await reach(world, uid, 'add', () => world.slapd.rename(accountDn(uid), away));
    const other = await world.account();
    await world.ask(other, 'add');
    await world.finished(other, 'add');
    await world.slapd.rename(away, `uid=${uid},${BASE}`);
    await world.finished(uid, 'add');
  });

  it('by making it unworkable while its script runs: leaves it alone and says so', async () => {
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    await world.slapd.modify(accountDn(uid), { sstProvisioningState: 'nonsense' });
    await world.script.release(uid);
    await expect
      .poll(() => world.service.output, { timeout: 20_000 })
      .toMatch(new RegExp(`(superseded|skipped).*${uid}|${uid}.*(superseded|skipped)`));
    const entry = await world.slapd.read(uid);
    expect(entry && text(entry, 'sstProvisioningState')).toBe('nonsense');
  });

  it('by asking for it again and again: serves them in order and the last one in the end', async () => {
    const uid = await world.account();
    for (let round = 0; round < 60; round += 1) await world.ask(uid, MODES[round % 3]!);
    await world.finished(uid, 'delete');
    expect(world.script.starts(uid).length).toBeLessThanOrEqual(60);
    expect(world.script.starts(uid).at(-1)?.mode).toBe('delete');
  });

  it('by writing every attribute of it again while its script runs: keeps what was written', async () => {
    const uid = await world.account();
    await world.script.hold(uid);
    await world.ask(uid, 'add');
    await world.script.started(uid);
    const { objectClass: _, uid: __, sstProvisioningMode: ___, ...others } = accountAttributes(uid, { sstQuota: '42' });
    await world.slapd.modify(accountDn(uid), { ...others, sstProvisioningState: '0' });
    await world.script.release(uid);
    const entry = await world.finished(uid, 'add');
    expect(text(entry, 'sstQuota')).toBe('42');
  });
});
