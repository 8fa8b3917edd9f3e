import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountDn } from '../support/accounts.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

let slapd: Slapd;
let service: RunningService | undefined;
beforeAll(async () => {
  slapd = await startSlapd();
});
afterEach(async () => {
  await service?.remove();
  service = undefined;
});
afterAll(() => slapd?.stop());

const start = async (...flags: readonly string[]): Promise<RunningService> => {
  service = await setUpService({ url: slapd.url, script: 'echo "resumed=$PROV_RESUMED"', flags });
  await service.start();
  return service;
};

describe('next to another daemon, which claims and finishes accounts,', () => {
  it('a dry run says what it would do and what the other does, and changes nothing', async () => {
    const dry = await start('--dry-run');
    await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await dry.outputMatches(/skipped +1 .*dry run: would claim/);
    const untouched = await slapd.read('1');
    expect(untouched && text(untouched, 'sstProvisioningMode')).toBe('add');
    await slapd.modify(accountDn('1'), { sstProvisioningMode: 'adding' });
    await dry.outputMatches(/conflict +1 .*cn=admin,.* claimed the account/);
    await slapd.modify(accountDn('1'), { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' });
    await dry.outputMatches(/left +1 /);
    expect(await dry.stop()).toBe(0);
  });

  it('the service takes over what the other has left in work', async () => {
    await slapd.addAccount('2', { sstProvisioningMode: 'adding', sstProvisioningState: '0' });
    await slapd.addAccount('3', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    const over = await start();
    await slapd.waitForMode('2', 'added');
    await slapd.waitForMode('3', 'added');
    expect(over.output).toMatch(/output +2 .*resumed=1/);
    expect(over.output).toMatch(/output +3 .*resumed=0/);
  });
});
