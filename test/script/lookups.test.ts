import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runGetent } from '../../src/script/getent.ts';
import { createLookups, type LookupsOptions } from '../../src/script/lookups.ts';
import { listProcesses } from '../../src/script/process-table.ts';
import { inPath, temporaryFolder } from '../handlers/steps/job.ts';
import { exited, track } from '../support/children.ts';
import { scriptFolder, until } from './contract.ts';
import { lookupHelpersOf } from './driver.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const closings: Array<() => void> = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

const LIMITS = { timeoutMilliseconds: 20_000, signal: new AbortController().signal };

/** Lookups, and how often they have started getent. */
function lookups(more: Partial<LookupsOptions> = {}) {
  const folder = temporaryFolder();
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  writeFileSync(join(folder, 'getent'), `#!/bin/sh\nprintf . >>${calls}; PATH=/usr/bin:/bin exec getent "$@"\n`, {
    mode: 0o755,
  });
  inPath(folder);
  const notices: string[] = [];
  const { getent, close } = createLookups({ launcher: 'auto', onNotice: (message) => notices.push(message), ...more });
  closings.push(close);
  return { getent, notices, close, started: () => readFileSync(calls).length };
}

/** Lookups with a helper that is ready, and its pid. */
async function readyLookups(more: Partial<LookupsOptions> = {}) {
  const made = lookups(more);
  const helper = await until(async () => {
    const before = made.started();
    await made.getent('group', ['root'], LIMITS);
    return made.started() === before && (await lookupHelpersOf(process.pid))[0];
  });
  return { ...made, helper, before: made.started() };
}

const living = async () => (await listProcesses()).filter(({ state }) => state !== 'Z');
const gone = (pid: number) => until(async () => !(await living()).some((found) => found.pid === pid));

/** A Python for which some files of the host are replaced by others. */
function pythonWith(replaced: Readonly<Record<string, string>>): string {
  const mounts = Object.entries(replaced).map(([file, by]) => `mount --bind ${by} ${file} && `);
  return files.sh(`exec unshare --mount sh -c '${mounts.join('')} exec /usr/bin/python3 "$@"' sh "$@"`);
}

/** A Python that hangs when it looks a user up, as nobody writes to the named pipe. */
function hangingPython(): string {
  const pipe = join(files.folder, `pipe-${Math.random()}`);
  execFileSync('mkfifo', [pipe]);
  return pythonWith({ '/etc/passwd': pipe });
}

/** Whether a process waits for a writer of the named pipe. */
const hangs = async (pid: number) => readFileSync(`/proc/${pid}/wchan`, 'latin1').includes('wait_for_partner');

/** A process that looks users up (fixtures/look-up.ts), and the pid of its helper. */
async function lookingUp(
  often: 'once' | 'again',
  interpreter = '/usr/bin/python3',
): Promise<[ChildProcess, helper: number]> {
  const fixture = join(import.meta.dirname, '../support/fixtures/look-up.ts');
  const child = track(
    spawn(process.execPath, ['--import', 'tsx', fixture, interpreter, often], {
      stdio: ['pipe', 'inherit', 'inherit'],
    }),
  );
  closings.push(() => child.kill('SIGKILL'));
  return [child, await until(async () => (await lookupHelpersOf(child.pid ?? 0))[0])];
}

/** The parts of each line that are used. */
const essence = (output: string) =>
  output.split('\n').map((line) => {
    const [name, , number, , , home] = line.split(':');
    return { name, number, home };
  });

describe('looking users up', () => {
  it('tells of each user and group of the host what getent does, and what is not there', async () => {
    const { getent, started } = await readyLookups();
    for (const database of ['passwd', 'group'] as const) {
      const all = execFileSync('getent', [database], { encoding: 'utf8' }).trimEnd().split('\n');
      const some = all.slice(0, 30).flatMap((line) => [line.split(':')[0] ?? '', line.split(':')[2] ?? '']);
      for (const keys of [
        some,
        ['root'],
        ['no-such-name', 'root', 'mülle\n"r'],
        ['4294967290'],
        ['9'.repeat(200)],
        [''],
      ]) {
        const before = started();
        const { output, ...how } = await getent(database, keys, LIMITS);
        expect(started()).toBe(before);
        const told = await runGetent(database, keys, LIMITS);
        expect({ ...how, output: essence(output) }).toEqual({ ...told, output: essence(told.output) });
      }
    }
  });

  it('gives each of many questions at once its own answer, most of them by the helper', async () => {
    const { getent, started, before } = await readyLookups();
    const names = essence(execFileSync('/usr/bin/getent', ['passwd'], { encoding: 'utf8' })).map(
      ({ name }) => name ?? '',
    );
    for (let round = 0; round < 20; round++) {
      const some = names.slice(0, 8);
      const answers = await Promise.all(some.map((name) => getent('passwd', [name], LIMITS)));
      expect(answers.map(({ output }) => essence(output)[0]?.name)).toEqual(some);
    }
    expect(started() - before).toBeLessThan(80); // of 160, on a busy machine
  });

  it.each(['/no/such/python3', '/bin/false', '/bin/true'])(
    'goes through getent where %s is the interpreter, and says so once',
    async (interpreter) => {
      const { getent, notices, started } = lookups({ interpreter });
      await getent('passwd', ['root'], LIMITS);
      await until(() => notices.length === 1);
      expect(essence((await getent('passwd', ['root'], LIMITS)).output)[0]?.number).toBe('0');
      expect(started()).toBe(2);
      expect(notices).toEqual([expect.stringMatching(/^the helper that looks users up cannot be started \(/)]);
    },
  );

  it('goes through getent where a helper is not ready in time, and where none is wanted', async () => {
    const late = lookups({ interpreter: files.sh('exec sleep 60'), readyWithinMilliseconds: 100 });
    await late.getent('passwd', ['root'], LIMITS);
    await until(() => late.notices.length === 1);
    const without = lookups({ launcher: 'none' });
    expect(await without.getent('passwd', ['no-such-name'], LIMITS)).toMatchObject({ kind: 'exited', exitCode: 2 });
    expect([without.started(), without.notices]).toEqual([1, []]);
    expect(await lookupHelpersOf(process.pid)).toEqual([]);
  });

  it('is answered all the same where the helper dies, which is replaced', async () => {
    const { getent, helper, started, before } = await readyLookups();
    process.kill(helper, 'SIGKILL');
    expect(await getent('passwd', ['root'], LIMITS)).toMatchObject({ exitCode: 0 });
    expect(started()).toBe(before + 1);
    const next = await until(async () => (await lookupHelpersOf(process.pid))[0]);
    expect(next).not.toBe(helper);
  });

  it('takes no database for empty that the helper cannot open', async () => {
    const { getent, helper, started, before } = await readyLookups();
    execFileSync('prlimit', ['--pid', String(helper), '--nofile=3:3']);
    const { output } = await getent('passwd', ['no-such-name', 'root'], LIMITS);
    expect(essence(output)[0]).toMatchObject({ name: 'root', number: '0' });
    expect(started()).toBe(before + 1);
    await gone(helper);
  });

  it('is aborted before it begins', async () => {
    const { getent, started, before } = await readyLookups();
    expect((await getent('passwd', ['root'], { ...LIMITS, signal: AbortSignal.abort() })).kind).toBe('aborted');
    expect(started()).toBe(before);
  });

  it('ends its helpers when it is closed', async () => {
    const { close, helper } = await readyLookups();
    close();
    await gone(helper);
  });

  it('leaves no helper behind when the service is killed, and keeps no process alive that forgets it', async () => {
    const [killed, helper] = await lookingUp('once');
    killed.kill('SIGKILL');
    await gone(helper);
    const [left, other] = await lookingUp('once');
    left.stdin?.end();
    await exited(left);
    expect(left.exitCode).toBe(0);
    await gone(other);
  });
});

describe.skipIf(process.getuid?.() !== 0)('looking users up where NSS', () => {
  it('hangs, ends at the time limit and at the signal, together with the helper, and delays no other lookup', async () => {
    const { getent, helper, started, before } = await readyLookups({ interpreter: hangingPython() });
    const abort = new AbortController();
    const hanging = getent('passwd', ['root'], { ...LIMITS, signal: abort.signal });
    await until(() => hangs(helper));
    expect(await getent('passwd', ['root'], LIMITS)).toMatchObject({ exitCode: 0 });
    expect(started()).toBe(before + 1);
    abort.abort();
    expect((await hanging).kind).toBe('aborted');
    await gone(helper);

    const next = await until(async () => (await lookupHelpersOf(process.pid))[0]);
    await until(async () => {
      const { kind } = await getent('passwd', ['root'], { ...LIMITS, timeoutMilliseconds: 200 });
      return kind === 'timedOut';
    });
    await gone(next);
  });

  it('crashes, is asked through getent', async () => {
    const { getent, helper, started, before } = await readyLookups({ interpreter: hangingPython() });
    const asked = getent('passwd', ['root'], LIMITS);
    await until(() => hangs(helper));
    process.kill(helper, 'SIGSEGV');
    expect(await asked).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(started()).toBe(before + 1);
  });

  it('knows more than a moment ago, shows that, also after a change of nsswitch.conf', async () => {
    const passwd = join(files.folder, 'passwd');
    const nsswitch = join(files.folder, 'nsswitch.conf');
    writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\n');
    writeFileSync(nsswitch, 'passwd: files\ngroup: files\n');
    const interpreter = pythonWith({ '/etc/passwd': passwd, '/etc/nsswitch.conf': nsswitch });
    const { getent, helper, started, before } = await readyLookups({ interpreter });
    expect(await getent('passwd', ['anna'], LIMITS)).toMatchObject({ exitCode: 2 });
    writeFileSync(passwd, 'anna:x:5001:5001::/home/anna:/bin/sh\n');
    const { output } = await getent('passwd', ['anna'], LIMITS);
    expect(essence(output)[0]).toEqual({ name: 'anna', number: '5001', home: '/home/anna' });
    expect(started()).toBe(before);

    writeFileSync(nsswitch, 'passwd: files systemd\ngroup: files\n');
    expect(await getent('passwd', ['anna'], LIMITS)).toMatchObject({ exitCode: 2 });
    expect(started()).toBe(before + 1);
    await gone(helper);
  });

  it('has more to say than is kept of an output, keeps as much, as getent does', async () => {
    const passwd = join(files.folder, 'long-passwd');
    writeFileSync(passwd, `root:x:0:0::/root:/bin/sh\nanna:x:5001:5001::/${'h'.repeat(20_000)}:/bin/sh\n`);
    const { getent } = await readyLookups({ interpreter: pythonWith({ '/etc/passwd': passwd }) });
    const { output } = await getent('passwd', ['anna'], LIMITS);
    expect([output.length, essence(output)[0]?.number]).toEqual([16 * 1024, '5001']);
  });

  it('hangs, leaves no helper behind for longer than the time limit when the service is killed', async () => {
    const [service, helper] = await lookingUp('again', hangingPython());
    await until(() => hangs(helper));
    service.kill('SIGKILL');
    await gone(helper);
  });
});
