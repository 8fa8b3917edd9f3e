import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { accountDn, DAEMONS } from '../support/accounts.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

let slapd: Slapd;
let service: RunningService;

beforeAll(async () => {
  slapd = await startSlapd();
});

afterEach(() => service?.remove());

afterAll(() => slapd?.stop());

async function start(directory: Readonly<Record<string, string>> = {}): Promise<void> {
  service = await setUpService({
    url: slapd.url,
    script: 'exit 0',
    directory: { filter: '(!(description=hidden))', ...directory },
  });
  await service.start();
}

/** An account that is open and waits. */
async function waiting(uid: string): Promise<string> {
  await slapd.addAccount(uid, { sstProvisioningMode: 'delete', sstProvisioningState: '0', sstIsActive: 'TRUE' });
  await service.outputMatches(new RegExp(`waiting +${uid} `));
  return accountDn(uid);
}

describe('an open account that left', () => {
  it('is said to be finished, out of sight or deleted, though the service may read nothing but accounts', async () => {
    await start();
    const finished = { sstProvisioningMode: 'deleted', sstProvisioningState: '20260101T000000Z' };
    await slapd.modify(await waiting('f1'), finished);
    await service.outputMatches(/left +f1 +deleted +was finished as deleted by cn=/);
    await slapd.delete(await waiting('d1'));
    await service.outputMatches(/left +d1 +was deleted/);
    await slapd.modify(await waiting('h1'), { description: 'hidden' });
    await service.outputMatches(
      /left +h1 +is no longer seen: it has another mode, or does not match directory\.filter/,
    );
  });

  it('is found where it was moved to, if the service may read there', async () => {
    await start({ bindDn: slapd.login.dn, bindPassword: slapd.login.password });
    await slapd.rename(await waiting('m1'), `uid=m1,${DAEMONS}`);
    await service.outputMatches(new RegExp(`left +m1 +is no longer seen: it is uid=m1,${DAEMONS} now`));
    await slapd.delete(await waiting('d2'));
    await service.outputMatches(/left +d2 +was deleted/);
  });
});
