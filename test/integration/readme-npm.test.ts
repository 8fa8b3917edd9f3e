// Runs the README's commands for npm, as they stand, on this host: with /etc, /usr/local, /var and
// /run, processes and a network that only the test sees, beside a slapd as Debian's package sets it
// up. systemd cannot be the first process there, so support/systemctl.py stands in for systemctl.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { accountDn, accountLdif, SUFFIX, treeLdif } from '../support/accounts.ts';
import { attempt, type CommandOptions } from '../support/children.ts';
import { Namespace } from '../support/namespace.ts';
import { packTarball, setVersion } from '../support/npm-package.ts';
import { SET_UP } from '../support/readme.ts';

const UID = '3724300';
const ADMIN = ['-x', '-H', 'ldapi:///', '-D', `cn=admin,${SUFFIX}`, '-w', 'admin'];
const CONFIG = '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml';

let folder: string;
let tarball: string;
let host: Namespace;

/** Own copies of the folders that the commands change, and a slapd. */
function prepare(): string[] {
  return [
    `mount -t tmpfs tmpfs ${folder}/changes`,
    'for path in etc usr/local var; do',
    `  mkdir -p ${folder}/changes/$path/upper ${folder}/changes/$path/work`,
    `  options=lowerdir=/$path,upperdir=${folder}/changes/$path/upper,workdir=${folder}/changes/$path/work`,
    '  mount -t overlay -o $options overlay /$path',
    'done',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'rm -rf /etc/ldap/slapd.d /var/lib/ldap /var/backup',
    'mkdir -p /etc/ldap/slapd.d /var/lib/ldap /run/slapd /etc/systemd/system',
    `sed 's/@SUFFIX@/${SUFFIX}/; s/@PASSWORD@/admin/' /usr/share/slapd/slapd.init.ldif >${folder}/config.ldif`,
    `slapadd -n 0 -F /etc/ldap/slapd.d -l ${folder}/config.ldif`,
    `slapadd -n 1 -F /etc/ldap/slapd.d -l ${folder}/tree.ldif`,
    'slapd -h ldapi:/// -F /etc/ldap/slapd.d',
    `mkdir ${folder}/bin`,
    `install -m 755 ${join(import.meta.dirname, '../support/systemctl.py')} ${folder}/bin/systemctl`,
    // The unit finds Node.js in these two folders only.
    `PATH=/usr/local/bin:/usr/bin command -v node >/dev/null || ln -s ${process.execPath} /usr/local/bin/node`,
  ];
}

function run(command: string, args: readonly string[], options: CommandOptions = {}) {
  const path = [`${folder}/bin`, '/usr/local/sbin', '/usr/local/bin', dirname(process.execPath), process.env['PATH']];
  // No look-up of a newer npm, as there is no network.
  const env = { ...process.env, PATH: path.join(delimiter), npm_config_update_notifier: 'false' };
  return attempt(...host.inside('env', `--chdir=${folder}`, command, ...args), { env, ...options });
}

/**
 * Runs blocks of commands in one shell, as an administrator would; rejects at the first failure.
 */
async function shell(...blocks: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run('sh', ['-e', '-c', blocks.join('\n')]);
  if (code !== 0) throw new Error(`ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

const version = async () => (await shell('prov-backup-rsnapshot status --json')).match(/"version": ?"([^"]*)"/)?.[1];

beforeAll(async () => {
  if (process.getuid?.() !== 0) throw new Error('only root has mounts of its own: run the tests as root');
  folder = mkdtempSync(join(tmpdir(), 'readme-npm-'));
  tarball = await packTarball(folder);
  mkdirSync(join(folder, 'changes'));
  writeFileSync(join(folder, 'tree.ldif'), treeLdif());
  host = await Namespace.open('/proc', prepare());
  // slapd goes to the background shortly before it listens.
  await vi.waitFor(async () => expect(await run('ldapwhoami', ADMIN)).toMatchObject({ code: 0 }), 20_000);
});
afterAll(async () => {
  await host?.close();
  rmSync(folder, { recursive: true });
});

it('the commands lead from nothing to a service that is checked and started', async () => {
  const said = await shell(SET_UP.installNpm, SET_UP.schema, SET_UP.directory, SET_UP.configure, SET_UP.start);
  expect(said).toContain('unit: stop');
  expect(said).not.toMatch(/^fail/m);
});

it('the service that they have started provisions an account', async () => {
  const input = accountLdif(UID, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  expect(await run('ldapadd', ADMIN, { input })).toMatchObject({ code: 0 });
  const search = [...ADMIN, '-LLL', '-b', accountDn(UID), 'sstProvisioningMode', 'sstProvisioningReturnValue'];
  await expect.poll(async () => (await run('ldapsearch', search)).stdout).toContain('sstProvisioningMode: added');
  expect(await shell(`stat -c %u /var/backup/${UID}/chroot/home/${UID}`)).toBe(`${UID}\n`);
});

it('the commands upgrade it', async () => {
  const before = await version();
  await setVersion(tarball, '99.0.0');
  await shell(SET_UP.upgradeNpm);
  expect({ before, after: await version() }).toEqual({ before: expect.not.stringMatching(/^99/), after: '99.0.0' });
});

it('the commands remove it, and leave configuration, script, homes, log and run-time folder', async () => {
  await shell(SET_UP.removeNpm);
  const left = await shell("find /etc /usr/local /var /run -name '*prov-backup*' -not -path '/run/stand-in*' -prune");
  const folders = ['/etc', '/var/log', '/run'].map((path) => `${path}/prov-backup-rsnapshot`);
  expect(left.trim().split('\n')).toEqual(folders);
  await shell(`test -e ${CONFIG} -a -e /usr/local/sbin/create-chroot.sh -a -d /var/backup/${UID}`);
});
