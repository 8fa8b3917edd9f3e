import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASE, SUFFIX } from '../../support/accounts.ts';
import { attempt, execute } from '../../support/children.ts';
import { type Directory389, start389 } from '../../support/directory-389.ts';
import { Recipe } from '../../support/fenced-blocks.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';

const PASSWORD = 'a-long-password';
const SYSACCOUNTS = `cn=sysaccounts,cn=etc,${SUFFIX}`;
const SERVICE = `uid=prov-backup-rsnapshot,${SYSACCOUNTS}`;
const OTHER = `uid=other,${SYSACCOUNTS}`;

describe('the recipe for FreeIPA and 389 Directory Server', () => {
  let folder: string;
  let directory: Directory389;
  let script: RecordingScript;
  let recipe: Recipe;
  let service: ServiceProcess | undefined;

  const bindsAs = async (dn: string) =>
    (await attempt('ldapwhoami', ['-x', '-H', directory.url, '-D', dn, '-w', PASSWORD])).code;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'freeipa-recipe-'));
    script = await RecordingScript.create(folder);
    directory = await start389({ syncrepl: false, mayWrite: false, sizeLimit: 'server' });
    const { url, login } = directory;
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, PASSWORD, { mode: 0o600 });
    recipe = new Recipe('FreeIPA and 389 Directory Server', {
      'dsconf NAME': `dsconf -D '${login.dn}' -w ${login.password} ${url}`,
      // There is no service manager: the test restarts the server.
      'dsctl NAME restart': ':',
      'ldaps://ipa1.example.org': url,
      '/etc/prov-backup-rsnapshot/password': passwordFile,
    });
    for (const dn of [`cn=etc,${SUFFIX}`, SYSACCOUNTS]) await directory.add(dn, { objectClass: 'nsContainer' });
    // Passwords are soon too old, and one entry is all that may be listed.
    const limits = ['passwordExp=on', 'passwordMaxAge=1', 'passwordWarning=0', 'nsslapd-sizelimit=1'];
    await execute('dsconf', ['-D', login.dn, '-w', login.password, url, 'config', 'replace', ...limits]);
    await execute('sh', ['-ec', recipe.block('sh')]);
    await directory.restart();
    const loaded = await directory.load(recipe.block('ldif'));
    if (loaded.code !== 0) throw new Error(loaded.stderr);
  });
  afterAll(async () => {
    await service?.kill9();
    await directory?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives the service an entry whose password does not expire', async () => {
    await directory.add(OTHER, {
      objectClass: ['account', 'simpleSecurityObject'],
      uid: 'other',
      userPassword: PASSWORD,
    });
    await expect.poll(() => bindsAs(OTHER)).toBe(49);
    expect(await bindsAs(SERVICE)).toBe(0);
  });

  it('lets that entry list all accounts', async () => {
    await directory.addAccount('3724302');
    await directory.addAccount('3724303');
    const search = ['-x', '-LLL', '-H', directory.url, '-b', BASE, '-w', PASSWORD, '-D', SERVICE, '(uid=*)', 'dn'];
    expect((await execute('ldapsearch', search)).stdout.match(/^dn: uid=/gm)).toHaveLength(2);
  });

  it('has accounts worked on as soon as they are asked for', async () => {
    const settings = withSettings(testSettings(directory.url, script.command), recipe.settings());
    expect(recipe.unused).toEqual([]);
    const own = withSettings(settings, { directory: { bindPassword: null }, reconcile: { interval: '10m' } });
    service = new ServiceProcess(await writeSettings(folder, own));
    service.start();
    await expect.poll(() => service?.output).toMatch(/ refreshed /);
    await directory.addAccount('3724300', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await directory.waitForMode('3724300', 'added');
    expect(service.output).toMatch(/ connected .* by syncrepl/);
  });

  it('does so too where the changelog is limited to another suffix', async () => {
    await directory.halt();
    await directory.configure('cn=Retro Changelog Plugin,cn=plugins,cn=config', {
      'nsslapd-include-suffix': `cn=dns,${SUFFIX}`,
    });
    await directory.start();
    await expect.poll(() => service?.output.match(/ refreshed /g)).toHaveLength(2);
    await directory.addAccount('3724301', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await directory.waitForMode('3724301', 'added');
    await directory.request('3724301', 'modify');
    await directory.waitForMode('3724301', 'modified');
  });
});
