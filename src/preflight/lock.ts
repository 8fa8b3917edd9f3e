import { open } from 'node:fs/promises';
import type { CheckLine } from '../domain/check-line.ts';
import { checkOwnFolder } from '../host/own-folder.ts';
import { lockFile } from '../lock/flock.ts';
import { lockFolder } from '../lock/lock-table.ts';
import { runCheck } from './run-check.ts';

/** Checks whether this user can take locks on this host, not whether a service holds one. */
export function checkLock(configFile: string): Promise<CheckLine> {
  return runCheck('lock', async () => {
    const folder = await lockFolder();
    await checkOwnFolder(folder);
    const file = await open(configFile);
    try {
      await lockFile(file.fd, 0); // whether the lock is free or held: either result shows that locking works
    } finally {
      await file.close();
    }
    return { verdict: 'ok', found: `in ${folder}, seen by all services of this user on this host` };
  });
}
