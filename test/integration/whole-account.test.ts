import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { accountLdif } from '../../src/ldif/account-ldif.ts';
import { accountDn, BASE } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const EXAMPLE_SCRIPT = resolve(import.meta.dirname, '../../config/examples/create-chroot.sh');
const UID_NUMBER = '5000';

/**
 * All steps: the example script, the real rsnapshot, and substitutes for commands that would change
 * the host.
 */
describe('an account, with every step', () => {
  let slapd: Slapd;
  let service: RunningService;
  let folder: string;
  const pathBefore = process.env['PATH'];

  beforeAll(async () => {
    slapd = await startSlapd();
    service = await setUpService({
      url: slapd.url,
      script: `[ ! -e "$FOLDER/broken-script-$2" ] || exit 42
               [ ! -e "$FOLDER/no-home-$2" ] || exit 0
               exec ${EXAMPLE_SCRIPT} "$@"`,
      settings: {
        // So that users are looked up by the stand-in for getent.
        script: { homeRoot: '/root for the homes', launcher: 'none' },
        attributes: { executionTime: 'sstProvisioningExecutionTime' },
        userCheck: { enabled: true, timeout: '0s' },
        homeCheck: { enabled: true },
        quota: { enabled: true, softRatio: 0.5 },
        rsnapshot: { enabled: true, directory: '/to be replaced' },
      },
    });
    folder = service.folder;
    for (const name of ['backup', 'rsnapshot.d', 'bin']) mkdirSync(join(folder, name));
    const config = readFileSync(service.configFile, 'utf8')
      .replace('/to be replaced', join(folder, 'rsnapshot.d'))
      .replace('/root for the homes', join(folder, 'backup'));
    writeFileSync(service.configFile, config);
    standIn(
      'getent',
      `[ -e '${folder}/unknown-user' ] && exit 2
       shift; code=0; for n; do grep -e ":$n:" -e "^$n:" '${folder}/passwd' || code=2; done; exit $code`,
    );
    standIn(
      'setquota',
      `echo "$@" >> '${folder}/quotas'; [ ! -e '${folder}/broken-quota' ] || { echo no quota here >&2; exit 1; }`,
    );
    writeFileSync(join(folder, 'passwd'), '');
    process.env['PATH'] = `${join(folder, 'bin')}:${pathBefore}`;
    await service.start();
  });

  afterAll(async () => {
    process.env['PATH'] = pathBefore;
    await service?.remove();
    await slapd?.stop();
  });

  function standIn(name: string, body: string): void {
    const path = join(folder, 'bin', name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  const homeOf = (uid: string): string => `${folder}/backup/${uid}/chroot/./home/${uid}`;

  function knowUser(uid: string): void {
    const home = homeOf(uid);
    writeFileSync(join(folder, 'passwd'), `${uid}:x:${UID_NUMBER}:${UID_NUMBER}::${home}:/bin/sh\n`);
    writeFileSync(join(folder, 'quotas'), '');
  }

  const quotas = (): string => readFileSync(join(folder, 'quotas'), 'utf8');

  async function load(ldif: string | undefined): Promise<void> {
    expect(await slapd.load(ldif ?? '')).toMatchObject({ code: 0 });
  }

  function stepsOf(entry: DirectoryEntry): string[] {
    return entry
      .values('sstProvisioningExecutionTime')
      .map((value) => /^(\w+): \d+\.\d{3}$/.exec(String(value))?.[1] ?? `malformed ${value}`)
      .sort();
  }

  function ldifOf(uid: string): readonly string[] {
    const files = accountLdif({
      uid,
      base: BASE,
      reseller: '4000000',
      customer: '4000001',
      people: '4000002',
      givenname: 'Zoë',
      surname: 'Müller',
      quota: '1073741825',
      home: homeOf(uid),
      dateAttribute: 'sstProvisioningExecutionDate',
    });
    return files.map(({ text: ldif }) => ldif.replace(/^(uidNumber|gidNumber): .*$/gm, `$1: ${UID_NUMBER}`));
  }

  it('goes through the four LDIF files, and leaves what each of them promises', async () => {
    const uid = '3724300';
    knowUser(uid);
    const [add, modify, remove, away] = ldifOf(uid);
    const home = join(folder, 'backup', uid, 'chroot/home', uid);
    const file = join(folder, 'rsnapshot.d', `${uid}.conf`);

    await load(add);
    const added = await slapd.waitForMode(uid, 'added');
    expect(stepsOf(added)).toEqual(['home', 'quota', 'rsnapshot', 'script', 'user']);
    expect(existsSync(home)).toBe(true);
    expect(quotas()).toBe(`--always-resolve -u ${uid} 524289 1048577 0 0 /var/backup\n`);
    expect(execFileSync('rsnapshot', ['-c', file, 'configtest'], { encoding: 'utf8' })).toContain('Syntax OK');
    expect(readFileSync(file, 'utf8').match(/^retain\t.*$/gm)).toEqual([
      'retain\tdaily\t7',
      'retain\tweekly\t4',
      'retain\tmonthly\t6',
    ]);

    await load(modify);
    await slapd.waitForMode(uid, 'modified');
    await load(remove);
    const deleted = await slapd.waitForMode(uid, 'deleted');
    expect(stepsOf(deleted)).toEqual(['quota', 'rsnapshot', 'script']);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(home)).toBe(false);
    expect(readdirSync(join(folder, 'backup/.deleted'))).toHaveLength(1);
    expect(quotas().trimEnd().split('\n').at(-1)).toBe(`--always-resolve -u ${uid} 0 0 0 0 /var/backup`);
    await load(away);
    expect(await slapd.read(uid)).toBeUndefined();
    const order = [...service.output.matchAll(/ step +.*?\b(user|script|home|quota|rsnapshot)\b/g)].map(
      ([, name]) => name,
    );
    expect(order.slice(0, 5)).toEqual(['user', 'script', 'home', 'quota', 'rsnapshot']);
    expect(order.slice(-3)).toEqual(['rsnapshot', 'script', 'quota']);
  });

  it.each([
    ['user', 'unknown-user', '2'],
    ['script', 'broken-script-UID', '42'],
    ['home', 'no-home-UID', '5'],
    ['quota', 'broken-quota', '6'],
  ])(
    'fails at the step %s with its code, and is finished once its cause is mended and it is asked for again',
    async (step, cause, code) => {
      const uid = `fails.at-${step}`;
      const flag = join(folder, cause.replace('UID', uid));
      knowUser(uid);
      writeFileSync(flag, '');
      await load(ldifOf(uid)[0]);
      await slapd.waitFor(uid, (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === code);
      const failed = await slapd.waitForMode(uid, 'adding');
      expect(text(failed, 'sstProvisioningState')).toBe('0');
      await service.outputMatches(new RegExp(`failed .*${uid}`));
      rmSync(flag);
      await slapd.request(uid, 'add');
      const added = await slapd.waitForMode(uid, 'added');
      expect(text(added, 'sstProvisioningReturnValue')).toBe('0');
    },
  );

  it.each([
    ['intervals', { sstBackupIntervalDaily: '-1' }, '7'],
    ['quota', { sstQuota: '-1' }, '6'],
  ])('of hostile %s fails with the code of the step that refuses them', async (name, attributes, code) => {
    const uid = `hostile-${name}`;
    knowUser(uid);
    const before = readdirSync(join(folder, 'rsnapshot.d'));
    await slapd.addAccount(uid, {
      uidNumber: UID_NUMBER,
      gidNumber: UID_NUMBER,
      homeDirectory: homeOf(uid),
      sstProvisioningMode: 'add',
      sstProvisioningState: '0',
      ...attributes,
    });
    await slapd.waitFor(uid, (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === code);
    expect(readdirSync(join(folder, 'rsnapshot.d'))).toEqual(before);
  });

  it('is not worked on for a user of the system, which explain and verify say, too', async () => {
    const passwd = 'www-data:x:33:33::/var/www:/usr/sbin/nologin\ntaken:x:5001:5001::/:/bin/sh\n';
    writeFileSync(join(folder, 'passwd'), passwd);
    for (const uid of ['www-data', 'taken']) {
      await slapd.addAccount(uid, {
        uidNumber: UID_NUMBER,
        homeDirectory: homeOf(uid),
        sstProvisioningMode: 'add',
        sstProvisioningState: '0',
      });
      const [line] = await service.outputMatches(new RegExp(`^.*skipped +${uid}.*$`, 'm'));
      expect(line).toContain(`this host knows ${uid} by the number`);
      const env = { PATH: process.env['PATH'], TZ: 'UTC' };
      const said = await attempt(process.execPath, [MAIN, 'explain', '-c', service.configFile, uid], { env });
      expect(said.stdout).toContain(`cannot work on this entry and skips it: this host knows ${uid} by the number`);
      const owed = await attempt(process.execPath, [MAIN, 'verify', '-c', service.configFile], { env });
      expect(owed.stdout).toMatch(new RegExp(`^not workable +${uid} .*this host knows`, 'm'));
      expect(existsSync(join(folder, 'backup', uid))).toBe(false);
      await slapd.delete(accountDn(uid));
    }
  });

  it.each([
    ['lines', { homeDirectory: 'ROOT/hostile-lines\nbackup_exec\tid' }, 'control characters'],
    ['climbing', { homeDirectory: 'ROOT/hostile-climbing/../../etc' }, "holds '..'"],
    ['arguments', { homeDirectory: '--reference=/etc/shadow' }, 'not an absolute path'],
    ['places', { homeDirectory: '/etc/hostile-places' }, 'not below script.homeRoot'],
    ['neighbours', { homeDirectory: 'ROOT/3724300/chroot/./home/3724300' }, 'not the home of'],
    ['numbers', { uidNumber: '33' }, 'below accounts.lowestUidNumber'],
  ])('of hostile %s is skipped with the reason, and nothing is done with it', async (name, attributes, words) => {
    const uid = `hostile-${name}`;
    knowUser(uid);
    const before = readdirSync(join(folder, 'backup'), { recursive: true });
    const { homeDirectory = homeOf(uid), ...others }: Record<string, string> = attributes;
    await slapd.addAccount(uid, {
      uidNumber: UID_NUMBER,
      gidNumber: UID_NUMBER,
      homeDirectory: homeDirectory.replace('ROOT', join(folder, 'backup')),
      sstProvisioningMode: 'add',
      sstProvisioningState: '0',
      ...others,
    });
    const [line] = await service.outputMatches(new RegExp(`^.*skipped +${uid}.*$`, 'm'));
    expect(line).toContain(words);
    const entry = await slapd.read(uid);
    expect(entry && text(entry, 'sstProvisioningMode')).toBe('add');
    expect(readdirSync(join(folder, 'backup'), { recursive: true })).toEqual(before);
  });
});
