import { expect, it } from 'vitest';
import { lockFolder } from '../../src/lock/lock-table.ts';
import { checkLock } from '../../src/preflight/lock.ts';

const FILE = import.meta.filename;

it('says where the locks are', async () => {
  const folder = await lockFolder();
  expect(await checkLock(FILE)).toMatchObject({ verdict: 'ok', what: 'lock', found: expect.stringContaining(folder) });
});

it('fails where nothing can be locked, with what to do', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    const remedy = 'install util-linux, or put it into PATH';
    expect(await checkLock(FILE)).toMatchObject({ verdict: 'fail', what: 'lock', remedy });
  } finally {
    process.env['PATH'] = path;
  }
});
