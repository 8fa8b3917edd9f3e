import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { freePort } from '../support/free-port.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

let slapd: Slapd;
let service: RunningService;
let operator: string;

beforeAll(async () => {
  slapd = await startSlapd();
  operator = `127.0.0.1:${await freePort()}`;
  service = await setUpService({
    url: slapd.url,
    script: 'touch "$FOLDER/ran-$2"',
    settings: { operator: { listen: operator }, canary: { dn: accountDn('canary'), interval: '1s' } },
  });
});
afterAll(async () => {
  await service.remove();
  await slapd.stop();
});

const run = (...args: string[]) => attempt(process.execPath, [MAIN, ...args, '-c', service.configFile]);
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`http://${operator}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
};

describe('a canary on a real directory', () => {
  it('goes the whole way without a script, measures it, and is late when it is gone', async () => {
    expect((await run('check')).stdout).toMatch(/FAIL +canary.*there is no entry/i);
    await slapd.addAccount('canary');
    await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    expect((await run('check')).stdout).toMatch(/ok +canary.*sstProvisioningMode/);

    await service.start();
    await service.outputMatches(/finished +canary +added[\s\S]*finished +canary +added/);
    expect(await metric('prov_canary_seconds')).toBeGreaterThan(0);
    expect(await metric('prov_canary_late')).toBe(0);
    expect((await run('status')).stdout).toMatch(/^canary +answered in \d/m);
    expect(existsSync(join(service.folder, 'ran-1'))).toBe(true);
    expect(existsSync(join(service.folder, 'ran-canary'))).toBe(false);

    await slapd.delete(accountDn('canary'));
    await expect.poll(() => metric('prov_canary_late'), { timeout: 10_000 }).toBe(1);
    const late = await run('status');
    expect(late.code).toBe(1);
    expect(late.stdout.replace(/\n +/g, ' ')).toMatch(
      /^connected, but the canary is LATE\n[\s\S]*^canary .*there is no such/m,
    );
  });
});
