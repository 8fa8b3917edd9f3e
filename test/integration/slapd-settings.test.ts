import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { accountLdif, SERVICE_DN, SUFFIX } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startFront, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

const toEnd: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).reverse()) await end();
});

async function started(slapd: Promise<Slapd>): Promise<Slapd> {
  const it = await slapd;
  toEnd.push(() => it.stop());
  return it;
}

async function serviceAt(url: string): Promise<RunningService> {
  const settings = { reconnect: { initial: '100ms' } };
  const service = await setUpService({ url, script: 'exit 0', settings });
  toEnd.push(() => service.remove());
  return service;
}

async function check({ configFile }: RunningService): Promise<string> {
  const env = { PATH: process.env['PATH'], TZ: 'UTC' };
  return (await attempt(process.execPath, [MAIN, 'check', '-c', configFile], { env })).stdout;
}

describe('a slapd that takes writes over protected connections only (security)', () => {
  const options = { globalLines: ['security update_ssf=64'], preload: [accountLdif('1', OPEN)] };

  it('is reported by check and by run, with what to set', async () => {
    const slapd = await started(startSlapd(options));
    const service = await serviceAt(slapd.url);
    expect(await check(service)).toMatch(
      /^fail +right to write: .*confidentiality required \(13\).*\n +-> set directory\.startTls: true or use ldaps:/m,
    );
    await service.start();
    await service.outputMatches(/retrying .*confidentiality required.*set directory\.startTls: true/);
  });

  it('is worked with over a unix socket', async () => {
    const slapd = await started(startSlapd(options));
    await (await serviceAt(slapd.ldapiUrl)).start();
    await slapd.waitForMode('1', 'added');
  });
});

it('a slapd that tells anonymous connections nothing (require authc) is not said to be another server', async () => {
  const slapd = await started(startSlapd({ globalLines: ['require authc'] }));
  const said = await check(await serviceAt(slapd.url));
  expect(said).toMatch(/^ok +directory .*: reachable; the server describes itself only after a bind$/m);
  expect(said).toMatch(/^ok +subscription: offered \(syncrepl, OpenLDAP;/m);
});

it('a slapd whose password policy asks for a new password (ppolicy) is reported', async () => {
  const policy = `cn=policy,${SUFFIX}`;
  const slapd = await started(
    startSlapd({
      globalLines: ['moduleload ppolicy'],
      databaseLines: ['overlay ppolicy', `ppolicy_default "${policy}"`],
    }),
  );
  await slapd.add(policy, {
    objectClass: ['device', 'pwdPolicy'],
    cn: 'policy',
    pwdAttribute: 'userPassword',
    pwdMustChange: 'TRUE',
  });
  await slapd.modify(SERVICE_DN, { pwdReset: 'TRUE' });
  const service = await serviceAt(slapd.url);
  await service.start({ wait: false });
  await service.outputMatches(/disconnected .*modify password.*asks for a new password \(pwdReset\)/);
  await slapd.modify(SERVICE_DN, { pwdReset: [] });
  await service.outputMatches(/\brefreshed\b/);
});

it('a slapd that keeps an access log for its replicas (delta-syncrepl) is worked with', async () => {
  const log = await mkdtemp(join(tmpdir(), 'accesslog-'));
  toEnd.push(() => rm(log, { recursive: true }));
  const slapd = await started(
    startSlapd({
      syncprov: false,
      globalLines: ['moduleload accesslog'],
      databaseLines: [
        ...['overlay syncprov', 'overlay accesslog', 'logdb cn=accesslog', 'logops writes', 'logsuccess TRUE'],
        ...['database mdb', 'suffix cn=accesslog', `directory ${log}`, 'rootdn cn=accesslog'],
        ...['index reqStart,objectClass,entryCSN,reqResult eq'],
        ...['overlay syncprov', 'syncprov-nopresent TRUE', 'syncprov-reloadhint TRUE'],
      ],
    }),
  );
  await (await serviceAt(slapd.url)).start();
  await slapd.addAccount('1', OPEN);
  await slapd.waitForMode('1', 'added');
});

describe('a slapd that passes requests on to another one (back-ldap)', () => {
  it('is worked with where it knows the control of the subscription', async () => {
    const behind = await started(startSlapd());
    const front = await started(startFront(behind, { syncprov: true }));
    await behind.addAccount('1', OPEN);
    const service = await serviceAt(front.url);
    await service.start();
    await behind.waitForMode('1', 'added');
    await behind.addAccount('2', OPEN);
    await behind.waitForMode('2', 'added');
    await behind.restart();
    await service.outputMatches(/reconnecting.*refreshed/s);
    await behind.addAccount('3', OPEN);
    await behind.waitForMode('3', 'added');
  });

  it('is reported with what it needs if it does not', async () => {
    const behind = await started(startSlapd());
    const front = await started(startFront(behind, { syncprov: false }));
    expect(await check(await serviceAt(front.url))).toMatch(
      /^fail +subscription: .*offers no way.*\n +-> .*\(back-ldap\) needs the module as well/m,
    );
  });
});
