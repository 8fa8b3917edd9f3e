import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeCheck } from '../../../handlers/steps/home-directory.ts';
import { doStep, jobOf, stepOf, temporaryFolder } from './job.ts';

async function check(
  homeDirectory: string | string[] | Buffer | undefined,
  homeRoot: string | null = null,
  homeLayout = '{uid}',
) {
  const job = jobOf('anna', { uidNumber: '5000', ...(homeDirectory === undefined ? {} : { homeDirectory }) });
  return doStep(stepOf(homeCheck, { enabled: true }, { homeRoot, homeLayout }), job);
}

describe('the home directory check', () => {
  it('is content with a home that is there, with a chroot marker too', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, '372/chroot/home/anna'), { recursive: true });
    expect(await check(`${root}/372/chroot/./home/anna`, root, '*/*/*/{uid}')).toEqual({ ok: true });
    expect(await check(`${root}/372/chroot/home/anna/`)).toEqual({ ok: true });
  });

  it('fails with code 5 where the script left no home, or a file', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'file'), '');
    expect(await check(`${root}/anna`)).toMatchObject({ returnValue: 5, reason: expect.stringContaining('missing') });
    expect(await check(`${root}/file/anna`)).toMatchObject({ returnValue: 5 });
    expect(await check(`${root}/anna`, root)).toMatchObject({ returnValue: 5 });
    expect(await check(`${root}/file/anna`, root, '*/{uid}')).toMatchObject({ returnValue: 5 });
  });

  it('fails with code 4 where a symbolic link leads out of the home root', async () => {
    const root = temporaryFolder();
    const elsewhere = temporaryFolder();
    mkdirSync(join(elsewhere, 'anna'));
    symlinkSync(elsewhere, join(root, 'link'));
    symlinkSync(join(elsewhere, 'anna'), join(root, 'anna'));
    expect(await check(`${root}/anna`, root)).toMatchObject({
      returnValue: 4,
      reason: expect.stringContaining('link'),
    });
    expect(await check(`${root}/link/anna`, root, '*/{uid}')).toMatchObject({
      returnValue: 4,
      reason: expect.stringContaining('link'),
    });
    expect(await check(`${root}/anna`)).toEqual({ ok: true });
  });

  it('follows a home root that is itself a symbolic link', async () => {
    const root = temporaryFolder();
    const link = join(temporaryFolder(), 'root');
    mkdirSync(join(root, 'anna'));
    symlinkSync(root, link);
    expect(await check(`${link}/anna`, `${link}/`)).toEqual({ ok: true });
  });

  it.each([
    ['no home', undefined],
    ['two homes', ['/a', '/b']],
    ['a relative home', 'home/anna'],
    ['a home that climbs', '/home/anna/../../etc'],
    ['a NUL', '/home/anna\0/etc'],
    ['a line break', '/home/anna\nbackup'],
    ['the root folder', '/./'],
    ['bytes that are no text', Buffer.from([0x2f, 0xff, 0xfe])],
    ['nothing', ''],
  ])('fails with code 4 where the entry has %s', async (_, home) => {
    expect(await check(home)).toMatchObject({ ok: false, returnValue: 4 });
  });

  it('fails with code 4 for a loop of symbolic links, which cannot be looked at', async () => {
    const root = temporaryFolder();
    symlinkSync('anna', join(root, 'anna'));
    expect(await check(`${root}/anna`)).toMatchObject({ returnValue: 4, reason: expect.stringContaining('ELOOP') });
  });

  it('fails with code 4 outside of the home root by name alone', async () => {
    expect(await check('/etc', '/var/backup')).toMatchObject({ returnValue: 4 });
    expect(await check('/var/backup', '/var/backup')).toMatchObject({ returnValue: 4 });
    expect(await check('/var/backupper/anna', '/var/backup')).toMatchObject({ returnValue: 4 });
  });

  it('fails with code 4 where the home below the root is not the account’s own', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'anna'));
    expect(await check(`${root}/anna`, root)).toEqual({ ok: true });
    writeFileSync(join(root, 'anna/letter'), 'dear');
    expect(await check(`${root}/anna`, root)).toMatchObject({ returnValue: 4 });
    chownSync(join(root, 'anna'), 5000, 5000);
    expect(await check(`${root}/anna`, root)).toEqual({ ok: true });
    chownSync(join(root, 'anna'), 5001, 5000);
    expect(await check(`${root}/anna`, root)).toMatchObject({
      returnValue: 4,
      reason: expect.stringContaining('belongs to the user number 5001'),
    });
  });
});
