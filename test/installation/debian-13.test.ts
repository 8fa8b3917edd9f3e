import { mkdtempSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accountLdif, SUFFIX, treeLdif } from '../support/accounts.ts';
import { execute } from '../support/children.ts';
import { SET_UP } from '../support/readme.ts';
import { CleanRoot } from './clean-root.ts';
import { asVersion } from './debian-package.ts';

const PROJECT = join(import.meta.dirname, '../..');
const COMMAND = 'prov-backup-rsnapshot';
const FOLDER = '/etc/prov-backup-rsnapshot';
const CONFIGURATION = `${FOLDER}/prov-backup-rsnapshot.yaml`;
const SECOND = `${FOLDER}/second.yaml`;
const UNIT = 'prov-backup-rsnapshot.service';
const INSTANCE = 'prov-backup-rsnapshot@second.service';
const JOURNAL = '/var/log/prov-backup-rsnapshot/journal';
const EXAMPLE_SCRIPT = '/srv/create-chroot.sh';
const SITE_SCRIPT = '/usr/local/sbin/create-chroot.sh';
const ADMIN = ['-x', '-H', 'ldapi:///', '-D', `cn=admin,${SUFFIX}`, '-w', 'admin'];
const RUNS = '/srv/runs';
const ACCOUNTS = Array.from({ length: 24 }, (_, number) => `${3724300 + number}`);

/** What Debian's slapd asks when it is installed. */
const ANSWERS = [
  'slapd slapd/domain string stoney-cloud.org',
  'slapd slapd/password1 password admin',
  'slapd slapd/password2 password admin',
  '',
].join('\n');

/** The README's block in two, to look at what is there in between. */
const REMOVE_AND_PURGE = SET_UP.removeDeb.split(/^(?=.* purge )/m);

/** Each run says when it begins and when it ends, so that one that was cut off shows. */
const SCRIPT = `#!/bin/sh
echo "begin $2" >>${RUNS}
sleep 3
${EXAMPLE_SCRIPT} "$@" || exit
echo "end $2" >>${RUNS}
`;

describe('on Debian 13, by the commands of the README', () => {
  let project: string;
  let root: CleanRoot;

  const read = (path: string) => readFileSync(join(root.folder, path), 'utf8');
  const mode = (path: string) => (statSync(join(root.folder, path)).mode & 0o777).toString(8);
  const runs = (what: string) =>
    read(RUNS)
      .split('\n')
      .filter((line) => line.startsWith(what));
  const shell = (...lines: readonly string[]) => root.run('sh', '-e', '-c', lines.join('\n'));
  const isActive = async (unit: string) => (await root.attempt('systemctl', 'is-active', unit)).code === 0;
  /** What `status` shows, or why it shows nothing. */
  const status = async (config: string): Promise<unknown> => {
    const { stdout, stderr } = await root.attempt(COMMAND, 'status', '--json', '-c', config);
    return stdout === '' ? stderr : JSON.parse(stdout);
  };
  /**
   * Runs commands in the copy of the project; resolves to what they have made in a folder of it.
   */
  const make = async (commands: string, where: string, ending: string): Promise<string> => {
    await execute('sh', ['-e', '-c', commands], { cwd: project });
    const [made] = readdirSync(join(project, where)).filter((name) => name.endsWith(ending));
    if (made === undefined) throw new Error(`${commands} makes no ${ending} in ${where}`);
    return join(project, where, made);
  };
  /** Asks for an account, as an administrator of the directory. */
  const request = async (uid: string): Promise<void> => {
    root.write('/srv/account.ldif', accountLdif(uid, { sstProvisioningMode: 'add', sstProvisioningState: '0' }));
    await root.run('ldapadd', ...ADMIN, '-f', '/srv/account.ldif');
  };
  /** Puts the only file of that kind where the README has it. */
  const offer = async (file: string, name: string): Promise<void> => {
    await root.run('mkdir', '-p', '/dist');
    root.copy(file, name);
  };

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), 'debian-13-'));
    const without = ['node_modules', 'dist'].map((name) => `--exclude=./${name}`);
    await execute('tar', ['-cf', join(project, 'all.tar'), ...without, '-C', PROJECT, '.']);
    await execute('tar', ['-xf', 'all.tar'], { cwd: project });
    await rm(join(project, 'all.tar'));
    const others = ['slapd', 'ldap-utils', 'systemd', 'man-db'];
    root = await CleanRoot.open('trixie', ['nodejs', 'python3', ...others]);
    // No service of another package is started.
    root.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    root.write('/etc/apt/apt.conf.d/90test', 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n');
    root.write('/srv/answers', ANSWERS);
    await root.run('debconf-set-selections', '/srv/answers');
    await root.run('apt-get', 'install', ...others);
    // systemd is not the first process there.
    root.copy(join(import.meta.dirname, '../support/systemctl.py'), '/usr/bin/systemctl.new');
    await root.run('chmod', '755', '/usr/bin/systemctl.new');
    await root.run('mv', '/usr/bin/systemctl.new', '/usr/bin/systemctl');
    await root.run('rm', '/usr/sbin/policy-rc.d');
    await root.run('install', '-d', '-o', 'openldap', '-g', 'openldap', '/run/slapd');
    const slapd = ['-h', 'ldapi:///', '-g', 'openldap', '-u', 'openldap', '-F', '/etc/ldap/slapd.d'];
    await root.run('slapd', ...slapd);
    // It goes to the background shortly before it listens.
    await vi.waitFor(() => root.run('ldapwhoami', ...ADMIN), 20_000);
    // Debian's package has made the first entry.
    root.write('/srv/tree.ldif', treeLdif().replace(/[\s\S]*?\n\n/, ''));
    await root.run('ldapadd', ...ADMIN, '-f', '/srv/tree.ldif');
    await root.run('mkdir', '-p', '/run/systemd/system');
  });
  afterAll(async () => {
    await root.close();
    await rm(project, { recursive: true });
  });

  describe('the Debian package', () => {
    let deb: string;
    beforeAll(async () => {
      deb = await make(SET_UP.makeDeb, 'dist', '.deb');
      await offer(deb, '/dist/prov-backup-rsnapshot_1_all.deb');
    });

    it('is installed with what it depends on, and nothing is started', async () => {
      await shell(SET_UP.installDeb);
      expect(await isActive(UNIT)).toBe(false);
      expect(await root.run('dpkg', '--verify', COMMAND)).toBe('');
      expect({ folder: mode(FOLDER), file: mode(CONFIGURATION) }).toEqual({ folder: '750', file: '640' });
      expect(await root.run('man', '-w', COMMAND, `${COMMAND}.yaml`)).toMatch(/man1\/.*\n.*man5\//);
    });

    it('does not start before the configuration is filled in, and names what is required', async () => {
      const { code, stdout, stderr } = await root.attempt(COMMAND, 'check', '-c', CONFIGURATION);
      expect(code).toBe(78);
      expect(`${stdout}${stderr}`).toMatch(/directory\.url[\s\S]*directory\.base[\s\S]*script\.command/);
      expect((await root.attempt('systemctl', 'start', UNIT)).code).not.toBe(0);
    });

    it('has units in which systemd finds no fault, no less secure than 4.1', async () => {
      for (const unit of ['prov-backup-rsnapshot.service', 'prov-backup-rsnapshot@.service']) {
        const path = `/usr/lib/systemd/system/${unit}`;
        const { code, stdout, stderr } = await root.attempt('systemd-analyze', 'verify', '--man=yes', path);
        expect({ code, said: `${stdout}${stderr}` }, unit).toEqual({ code: 0, said: '' });
        await root.run('systemd-analyze', 'security', '--offline=yes', '--no-pager', '--threshold=41', path);
      }
    });

    it('is checked and started as soon as it is configured, for two bases', async () => {
      const { installDeb, schema, directory, configure, start } = SET_UP;
      const said = await shell(installDeb, schema, directory, configure, start);
      expect(said).toContain('unit: stop');
      expect(said).not.toMatch(/^fail/m);

      root.write(
        SECOND,
        read(CONFIGURATION)
          .replace(/ou=accounts.*/, 'ou=daemons,dc=stoney-cloud,dc=org')
          .replace('operator.sock', 'second.sock')
          .replace('/journal', '/second'),
      );
      await root.run('systemctl', 'enable', '--now', INSTANCE);
      await expect.poll(() => status(SECOND)).toMatchObject({ ready: true });
    });

    it('provisions an account by the example script', async () => {
      await request('3724299');
      await expect.poll(() => root.attempt(COMMAND, 'verify', '-c', CONFIGURATION)).toMatchObject({ code: 0 });
      expect(root.has('/var/backup/3724299')).toBe(true);
    });

    it('is upgraded at work: running scripts end, and all accounts go on with the new version', async () => {
      const newer = await asVersion(deb, '99.0.0');
      root.write(RUNS, '');
      await root.run('mv', SITE_SCRIPT, EXAMPLE_SCRIPT);
      root.write(SITE_SCRIPT, SCRIPT, 0o755);
      for (const uid of ACCOUNTS) await request(uid);
      await expect.poll(() => runs('begin').length).toBeGreaterThan(0);
      expect(await status(CONFIGURATION)).toMatchObject({ version: expect.not.stringMatching(/^99/) });

      await offer(newer, '/dist/prov-backup-rsnapshot_1_all.deb');
      await shell(SET_UP.installDeb);

      for (const config of [CONFIGURATION, SECOND]) {
        await expect.poll(() => status(config)).toMatchObject({ version: '99.0.0' });
      }
      await expect.poll(() => root.attempt(COMMAND, 'verify', '-c', CONFIGURATION)).toMatchObject({ code: 0 });
      const each = (what: string) => ACCOUNTS.map((uid) => `${what} ${uid}`);
      const seen = { begun: runs('begin').sort(), ended: runs('end').sort() };
      expect(seen).toEqual({ begun: each('begin'), ended: each('end') });
      expect(read(`/run/stand-in/${UNIT}.log`)).toMatch(/draining[\s\S]*stopped/);
    });

    it('stops when it is removed, and keeps configuration and log', async () => {
      const [remove = '', purge] = REMOVE_AND_PURGE;
      expect(purge).toBeDefined();
      await shell(remove);
      for (const unit of [UNIT, INSTANCE]) expect(await isActive(unit)).toBe(false);
      const kept = [`/usr/bin/${COMMAND}`, CONFIGURATION, JOURNAL, SITE_SCRIPT, '/var/backup/3724299'].map((path) =>
        root.has(path),
      );
      expect(kept).toEqual([false, true, true, true, true]);
    });

    it('leaves only what an administrator has added when it is purged', async () => {
      await shell(...REMOVE_AND_PURGE.slice(1));
      expect(await traces()).toEqual([FOLDER]);
      expect((await root.run('ls', FOLDER)).trim()).toBe('second.yaml');
    });
  });

  describe('the npm package', () => {
    beforeAll(async () => {
      await root.run('rm', '-r', FOLDER);
      // Debian's own npm would bring hundreds of packages.
      const npm = dirname(dirname(realpathSync((await execute('sh', ['-c', 'command -v npm'])).stdout.trim())));
      await root.run('mkdir', '-p', '/opt/npm');
      await execute('cp', ['-a', `${npm}/.`, join(root.folder, 'opt/npm')]);
      await root.run('ln', '-s', '/opt/npm/bin/npm-cli.js', '/usr/bin/npm');
      const tarball = await make(SET_UP.makeNpm, '', '.tgz');
      root.copy(tarball, `/${basename(tarball)}`);
    });

    it('is installed, checked, started, upgraded and removed', async () => {
      // The directory has been prepared above.
      const said = await shell(SET_UP.installNpm, SET_UP.configure, SET_UP.start);
      expect(said).toContain('unit: stop');
      await shell(SET_UP.upgradeNpm);
      expect(await status(CONFIGURATION)).toMatchObject({ ready: true });
      await shell(SET_UP.removeNpm);
      expect(await isActive(UNIT)).toBe(false);
      expect(await traces()).toEqual([FOLDER, '/var/log/prov-backup-rsnapshot', '/run/prov-backup-rsnapshot']);
    });
  });

  /** What is left of the program, without what the tests have put there. */
  async function traces(): Promise<string[]> {
    const not = ['/run/stand-in', '/var/cache'].flatMap((path) => ['-path', path, '-prune', '-o']);
    const found = await root.run(
      'find',
      '/etc',
      '/usr',
      '/var',
      '/run',
      ...not,
      '-name',
      '*prov-backup*',
      '-print',
      '-prune',
    );
    return found.trim().split('\n');
  }
});
