import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn } from '../../support/accounts.ts';
import { execute } from '../../support/children.ts';
import { Recipe } from '../../support/fenced-blocks.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const FIRST = 'backup1.example.org';
const SECOND = 'backup2.example.org';
/** A host is told by its own /run, which has the locks of its services. */
const ON_ANOTHER_HOST = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh'];

interface Host {
  readonly script: RecordingScript;
  readonly service: ServiceProcess;
}

describe('the recipe for several backup hosts', () => {
  let folder: string;
  let slapd: Slapd;
  let first: Host;
  let second: Host;
  let recipe: Recipe;

  /** Starts a service with the settings of the page, in which the name of the host is replaced. */
  async function startHost(name: string): Promise<Host> {
    const own = await mkdtemp(join(folder, 'host-'));
    const script = await RecordingScript.create(own);
    const { directory } = new Recipe('Several backup hosts', { [FIRST]: name }).settings();
    const settings = withSettings(testSettings(slapd.url, script.command), { directory });
    const service = new ServiceProcess(await writeSettings(own, settings), ['--debug'], { through: ON_ANOTHER_HOST });
    service.start();
    return { script, service };
  }
  const load = (ldif: string) =>
    execute('ldapmodify', ['-x', '-H', slapd.url, '-D', slapd.login.dn, '-w', slapd.login.password], { input: ldif });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'several-hosts-'));
    slapd = await startSlapd({ databaseLines: ['index host eq'] });
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, slapd.login.password);
    recipe = new Recipe('Several backup hosts', {
      'ldap://ldap1.example.org': slapd.url,
      '/root/password': passwordFile,
    });
    first = await startHost(FIRST);
    second = await startHost(SECOND);
  });
  afterAll(async () => {
    await first?.service.kill9();
    await second?.service.kill9();
    await slapd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('has each account worked on by its own host alone', async () => {
    const request = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
    await slapd.addAccount('3724300', { ...request, host: FIRST });
    await slapd.addAccount('3724301', { ...request, host: SECOND });
    await slapd.waitForMode('3724300', 'added');
    await slapd.waitForMode('3724301', 'added');
    expect(first.script.journal().map(({ uid }) => uid)).toEqual(['3724300', '3724300']);
    expect(second.script.journal().map(({ uid }) => uid)).toEqual(['3724301', '3724301']);
  });

  it('shows the accounts that no host has', async () => {
    const command = recipe.block('sh');
    expect((await execute('sh', ['-c', command])).stdout).toBe('');
    await slapd.addAccount('3724302');
    await slapd.addAccount('3724303', { host: 'backup3.example.org' });
    const { stdout } = await execute('sh', ['-c', command]);
    expect(stdout.match(/^uid: .*$/gm)).toEqual(['uid: 3724302', 'uid: 3724303']);
    expect(recipe.unused).toEqual([]);
  });

  it('moves an account from one host to the other', async () => {
    await load(recipe.block('ldif', 0));
    await slapd.waitForMode('3724300', 'deleted');
    await load(recipe.block('ldif', 1));
    await slapd.waitForMode('3724300', 'added');
    const runs = (host: Host) => host.script.starts('3724300').map(({ mode }) => mode);
    expect(runs(first)).toEqual(['add', 'delete']);
    expect(runs(second)).toEqual(['add']);
  });

  it('leaves an account that gets another host while it is in work to its old one', async () => {
    await first.script.hold('3724304');
    await slapd.addAccount('3724304', { sstProvisioningMode: 'add', sstProvisioningState: '0', host: FIRST });
    await first.script.started('3724304');
    await slapd.modify(accountDn('3724304'), { host: SECOND });
    await expect.poll(() => second.service.output).toMatch(/ conflict +3724304 .* claimed the account/);
    await first.script.release('3724304');
    await slapd.waitForMode('3724304', 'added');
    expect(second.script.starts('3724304')).toEqual([]);
  });
});
