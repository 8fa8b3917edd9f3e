import { afterEach, describe, expect, it } from 'vitest';
import { SERVICE_DN } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const FAILED = { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: '6' };

let slapd: Slapd | undefined;
let proxy: FaultProxy | undefined;
let service: RunningService | undefined;
afterEach(async () => {
  await service?.remove();
  await proxy?.close();
  await slapd?.stop();
  service = proxy = slapd = undefined;
});

/** A slapd on which the service may read everything in one search, but pages only so. */
async function slapdWithLimit(limit: string): Promise<Slapd> {
  const line = `limits dn.exact="${SERVICE_DN}" size=unlimited ${limit} time=unlimited`;
  slapd = await startSlapd({ sizeLimit: 'server', databaseLines: [line] });
  return slapd;
}

async function command(name: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], TZ: 'UTC' };
  const { stdout, stderr } = await attempt(process.execPath, [MAIN, name, '-c', service?.configFile ?? '', ...args], {
    env,
  });
  expect(stderr).toBe('');
  return stdout;
}

describe.each([
  ['no pages', 'size.prtotal=disabled', 'pagedResults control not allowed'],
  ['small pages only', 'size.pr=5', 'illegal pagedResults page size'],
  ['two entries in pages', 'size.prtotal=2', 'size limit exceeded'],
])('a server that allows %s', (_, limit, words) => {
  it('gives each command all accounts, each once, and is reported by check', async () => {
    const { url } = await slapdWithLimit(limit);
    for (const uid of ['1', '2', '3', '4']) await slapd?.addAccount(uid, FAILED);
    service = await setUpService({ url, script: 'exit 0' });

    const check = await command('check');
    expect(check).toMatch(/^ok +lists: in one piece, because the server refuses pages of 500/m);
    expect(check).toContain(words);
    expect(await command('verify')).toMatch(/^4 accounts failed\.$/m);
    expect(await command('explain', '3')).toContain('account 3');
    const retried = (await command('retry', '--failed')).trimEnd().split('\n');
    expect(retried.filter((line) => line.includes(': requested again')).length).toBe(4);
    expect(await command('verify')).toMatch(/^4 accounts wait for a service\.$/m);
  });

  it('gives the periodic list what the stream did not tell', async () => {
    const { port } = await slapdWithLimit(limit);
    proxy = await startProxy(port);
    const settings = { reconcile: { interval: '3s' } };
    service = await setUpService({ url: proxy.url, script: 'exit 0', settings });
    for (const uid of ['1', '2', '3']) await slapd?.addAccount(uid, { ...OPEN, sstProvisioningDate: '20990101' });
    await service.start();
    const untold = proxy.hold('down', 'searchEntry');
    await slapd?.addAccount('4', OPEN);
    (await untold).drop();
    await service.outputMatches(/received +4 .*found by the periodic list/);
    await slapd?.waitForMode('4', 'added');
    expect(service.output).not.toContain('the periodic list of the open accounts failed');
  });
});

describe('a server without such limits', () => {
  it('is listed in pages, as check tells', async () => {
    slapd = await startSlapd();
    service = await setUpService({ url: slapd.url, script: 'exit 0' });
    expect(await command('check')).toMatch(/^ok +lists: in pages of 500$/m);
  });
});
