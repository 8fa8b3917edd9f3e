import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/lock/lock-table.ts';
import { accountAttributes, BASE } from '../support/accounts.ts';
import { attempt, type CommandResult } from '../support/children.ts';
import { RecordingScript } from '../support/recording-script.ts';
import { ServiceProcess, testSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const ROOT = join(import.meta.dirname, '../..');
const NOBODY = 65_534;

let folder: string;
let slapd: Slapd;
let script: RecordingScript;
const services: ServiceProcess[] = [];

beforeEach(async () => {
  if (process.getuid?.() !== 0) throw new Error('only root can be other users: run the tests as root');
  folder = await mkdtemp(join(tmpdir(), 'lock-users-'));
  chmodSync(folder, 0o755);
  script = await RecordingScript.create(folder);
  slapd = await startSlapd();
});
afterEach(async () => {
  for (const service of services.splice(0)) await service.kill9();
  await slapd.stop();
  await rm(folder, { recursive: true, force: true });
});

const as = (uid: number) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];

/** Runs a shell command as another user. */
function tryAs(uid: number, command: string): Promise<CommandResult> {
  const [file = '', ...args] = [...as(uid), 'sh', '-c', command];
  return attempt(file, args, { cwd: '/' });
}

/**
 * A service of root, or of another user with a program and a configuration that this user may read.
 */
async function service(name: string, uid = 0): Promise<ServiceProcess> {
  const config = await writeSettings(folder, testSettings(slapd.url, script.command), `${name}.yaml`);
  if (uid === 0) return keep(new ServiceProcess(config));
  chownSync(config, uid, uid);
  const program = join(folder, 'program');
  if (!readdirSync(folder).includes('program')) {
    for (const part of ['package.json', 'dist']) cpSync(join(ROOT, part), join(program, part), { recursive: true });
  }
  return keep(
    new ServiceProcess(config, ['--debug'], { program: join(program, 'dist/src/main.js'), through: as(uid) }),
  );
}

function keep(made: ServiceProcess): ServiceProcess {
  services.push(made);
  return made;
}

async function run(started: ServiceProcess): Promise<void> {
  started.start();
  await expect.poll(() => started.output, { timeout: 20_000 }).toMatch(/ refreshed /);
}

describe('the lock of a service of root', () => {
  it('can neither be held nor hindered by another user', async () => {
    const first = await service('first');
    await run(first);
    const locks = await lockFolder();
    const record = readdirSync(locks).find((name) =>
      readFileSync(join(locks, name), 'utf8').includes(`"pid":${first.pid},`),
    );
    const file = join(locks, record ?? 'missing');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const tries = [
      `ls ${locks}`,
      `flock -n ${locks} true`,
      `flock -n ${dirname(locks)} true`,
      `flock -n ${locks}/mutex true`,
      `flock -n ${file} true`,
      `flock -n /proc/${first.pid}/fd true && cat /proc/${first.pid}/fd/*`,
      `ln -s /tmp ${locks}/other`,
      `mkdir ${locks}/other`,
      `mkdir ${dirname(locks)}/other`,
      `rmdir ${locks}`,
      `mkdir /run/prov-backup-rsnapshot-${first.pid}`,
      `ln -s /tmp /run/prov-backup-rsnapshot-${first.pid}`,
    ];
    for (const each of tries) expect((await tryAs(NOBODY, each)).code, each).not.toBe(0);
    expect((await attempt('flock', ['-n', file, 'true'])).code).toBe(1);
    await first.kill9();
    const second = await service('second');
    await run(second);
    expect(second.running).toBe(true);
  });
});

describe('the lock of a service of another user, who has no home', () => {
  /** A user number of this test run only, so that no two runs share the folder. */
  const uid = 100_000 + Math.floor(Math.random() * 1_000_000_000);
  const locks = `/tmp/prov-backup-rsnapshot-${uid}/locks`;
  afterEach(() => rmSync(dirname(locks), { recursive: true, force: true }));

  it('refuses a second service of the same user, and belongs to that user', async () => {
    await run(await service('first', uid));
    expect([statSync(locks).uid, statSync(locks).mode & 0o777]).toEqual([uid, 0o700]);
    await slapd.add(
      `uid=1,${BASE}`,
      accountAttributes('1', { sstProvisioningMode: 'adding', sstProvisioningState: '0' }),
    );
    const second = await service('second', uid);
    second.start();
    expect(await second.ended(), second.output).toBe(1);
    expect(second.output).toMatch(/runs on this host already/);
  });

  it.each([
    [
      'a folder',
      `mkdir ${dirname(locks)}`,
      /belongs to the user 65534, and the service runs as \d+; run it as that user, or remove it/,
    ],
    ['a link', `ln -s /tmp ${dirname(locks)}`, /is a symbolic link; remove it while no service runs/],
  ])('is not taken if another user was first with %s, and the error says what to do', async (_, command, words) => {
    expect((await tryAs(NOBODY, command)).code).toBe(0);
    const only = await service('only', uid);
    only.start();
    expect(await only.ended()).toBe(1);
    expect(only.output).toMatch(words);
  });
});
