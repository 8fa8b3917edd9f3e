import { mkdirSync, mkdtempSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../support/children.ts';
import { CleanRoot } from './clean-root.ts';
import { asVersion, makePackage } from './debian-package.ts';
import { commandsBelow } from './readme.ts';

const PROJECT = join(import.meta.dirname, '../..');
const COMMAND = 'prov-backup-rsnapshot';
const FOLDER = '/etc/prov-backup-rsnapshot';
const CONFIGURATION = `${FOLDER}/prov-backup-rsnapshot.yaml`;
const SECOND = `${FOLDER}/second.yaml`;
const UNIT = 'prov-backup-rsnapshot.service';
const INSTANCE = 'prov-backup-rsnapshot@second.service';
const EXAMPLES = '/usr/share/doc/prov-backup-rsnapshot/examples';
const LOG = '/var/log/prov-backup-rsnapshot/provisioning.log';
const RUNS = '/srv/runs';
const PREPARED = '/srv/prepared.yaml';
const ACCOUNTS = Array.from({ length: 6 }, (_, number) => `372430${number}`);

const [installDeb = [], installNpm = []] = commandsBelow('Install');
const [start = []] = commandsBelow('Configure and start');
const [upgradeNpm = [], removeDeb = [], removeNpm = []] = commandsBelow('Upgrade and remove');

/** Each run says when it begins and when it ends, so that one that was cut off shows. */
const SCRIPT = `#!/bin/sh
echo "begin $2" >>${RUNS}
sleep 2
echo "end $2" >>${RUNS}
`;

describe('on Debian 13, by the commands of the README', () => {
  let folder: string;
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
  /** Puts the only file of that kind where the README has it. */
  const offer = async (file: string, name: string): Promise<void> => {
    await root.run('mkdir', '-p', '/dist');
    root.copy(file, name);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'debian-13-'));
    const others = ['slapd', 'ldap-utils', 'systemd', 'man-db'];
    root = await CleanRoot.open('trixie', ['nodejs', 'python3', ...others]);
    // No service of another package is started.
    root.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    root.write('/etc/apt/apt.conf.d/90test', 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n');
    await root.run('apt-get', 'install', ...others);
    root.write('/usr/bin/systemctl.new', readFileSync(join(import.meta.dirname, 'systemctl.py'), 'utf8'), 0o755);
    await root.run('mv', '/usr/bin/systemctl.new', '/usr/bin/systemctl');
    root.write('/usr/bin/editor', `#!/bin/sh\ncat ${PREPARED} >"$1"\n`, 0o755);
    await root.run('rm', '/usr/sbin/policy-rc.d');
    await root.run('mkdir', '-p', '/run/systemd/system');
  });
  afterAll(async () => {
    await root.close();
    await rm(folder, { recursive: true });
  });

  describe('the Debian package', () => {
    let deb: string;
    beforeAll(async () => {
      deb = await makePackage(folder);
      await offer(deb, '/dist/prov-backup-rsnapshot_1_all.deb');
    });

    it('is installed with what it depends on, and nothing is started', async () => {
      await shell(...installDeb);
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
      root.start(`${EXAMPLES}/config/examples/test-directory.sh`, '/srv/directory');
      const whoami = ['-x', '-H', 'ldap://127.0.0.1:3890', '-D', 'cn=admin,dc=stoney-cloud,dc=org', '-w', 'admin'];
      await expect.poll(() => root.attempt('ldapwhoami', ...whoami)).toMatchObject({ code: 0 });
      root.write('/usr/local/sbin/slow.sh', SCRIPT, 0o755);
      root.write(RUNS, '');
      const given = read('/srv/directory/service.yaml')
        .replace('/srv/directory/script.sh', '/usr/local/sbin/slow.sh')
        .replace('/srv/directory/operator.sock', '/run/prov-backup-rsnapshot/operator.sock')
        .replace('/srv/directory/provisioning.log', LOG);
      root.write(PREPARED, `${given}concurrency: 2\n`);
      // Only the directory's administrator may read there.
      const second = given
        .replace(/bindDn: .*/, 'bindDn: cn=admin,dc=stoney-cloud,dc=org')
        .replace('bindPassword: secret', 'bindPassword: admin')
        .replace('base: ou=accounts,ou=backup,ou=services,', 'base: ou=daemons,')
        .replace('operator.sock', 'second.sock')
        .replace('provisioning.log', 'second.log');
      root.write(SECOND, second, 0o640);

      const [edit = '', check = '', enable = '', look = ''] = start;
      await shell(edit);
      expect(await shell(check)).toContain('unit: stop');
      await shell(enable, enable.replace(/$/, '@second'));
      await expect.poll(() => root.attempt('sh', '-c', look)).toMatchObject({ code: 0 });
      await expect.poll(() => status(SECOND)).toMatchObject({ ready: true });
    });

    it('is upgraded at work: running scripts end, and all accounts go on with the new version', async () => {
      await root.run('mkdir', '/srv/ldif');
      for (const uid of ACCOUNTS) {
        await root.run(COMMAND, 'ldif', 'create', '--uid', uid, '--out', '/srv/ldif');
        const admin = ['-x', '-H', 'ldap://127.0.0.1:3890', '-D', 'cn=admin,dc=stoney-cloud,dc=org', '-w', 'admin'];
        await root.run('ldapadd', ...admin, '-f', `/srv/ldif/01_add_${uid}.ldif`);
      }
      await expect.poll(() => runs('begin').length).toBeGreaterThan(0);
      expect(await status(CONFIGURATION)).toMatchObject({ version: expect.not.stringMatching(/^99/) });

      await offer(await asVersion(deb, '99.0.0'), '/dist/prov-backup-rsnapshot_1_all.deb');
      await shell(...installDeb);

      for (const config of [CONFIGURATION, SECOND]) {
        await expect.poll(() => status(config)).toMatchObject({ version: '99.0.0' });
      }
      await expect.poll(() => root.attempt(COMMAND, 'verify', '-c', CONFIGURATION)).toMatchObject({ code: 0 });
      const each = (what: string) => ACCOUNTS.map((uid) => `${what} ${uid}`);
      const seen = { begun: runs('begin').sort(), ended: runs('end').sort() };
      expect(seen).toEqual({ begun: each('begin'), ended: each('end') });
      expect(read(LOG)).toMatch(/draining[\s\S]*stopped/);
    });

    it('stops when it is removed, and keeps configuration and log', async () => {
      await shell(...removeDeb.slice(0, 2));
      for (const unit of [UNIT, INSTANCE]) expect(await isActive(unit)).toBe(false);
      const kept = [`/usr/bin/${COMMAND}`, CONFIGURATION, LOG].map((path) => root.has(path));
      expect(kept).toEqual([false, true, true]);
    });

    it('leaves only what an administrator has added when it is purged', async () => {
      await shell(...removeDeb.slice(2));
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
      const packed = join(folder, 'npm');
      mkdirSync(packed);
      await execute('npm', ['pack', '--loglevel=error', '--ignore-scripts', '--pack-destination', packed], {
        cwd: PROJECT,
      });
      const name = (await execute('ls', [packed])).stdout.trim();
      root.copy(join(packed, name), `/${name}`);
    });

    it('is installed, checked, started, upgraded and removed', async () => {
      await shell(...installNpm);
      const [edit = '', check = '', enable = '', look = ''] = start;
      await shell(edit);
      expect(await shell(check)).toContain('unit: stop');
      await shell(enable);
      await expect.poll(() => root.attempt('sh', '-c', look)).toMatchObject({ code: 0 });

      await shell(...upgradeNpm);
      await expect.poll(() => root.attempt('sh', '-c', look)).toMatchObject({ code: 0 });

      await shell(...removeNpm);
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
