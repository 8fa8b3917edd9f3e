import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { encodeRequest, frameReader, type LauncherEvents } from '../../src/script/launcher-process.ts';
import { createLauncherRunner, type LauncherRunnerOptions } from '../../src/script/launcher-runner.ts';
import { createPlainRunner } from '../../src/script/plain-runner.ts';
import { groupLives } from '../../src/script/process-group.ts';
import { listProcesses } from '../../src/script/process-table.ts';
import { RunRecords } from '../../src/script/run-record.ts';
import { execute, exited, track } from '../support/children.ts';
import { eachLives, runAndKeep, runPastFirstWords, scriptFolder, until } from './contract.ts';
import { drive, launchersOf } from './driver.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const closings: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

function launcherRunner(more: Partial<LauncherRunnerOptions> = {}) {
  const notices: string[] = [];
  const records = new RunRecords('dc=example');
  const runner = createLauncherRunner({
    plain: createPlainRunner(records),
    records,
    onNotice: (message) => notices.push(message),
    ...more,
  });
  closings.push(() => runner.close());
  return { runner, notices, run: runAndKeep.bind(undefined, runner) };
}

const NOTHING_HAPPENS: LauncherEvents = {
  onReady: () => {},
  onStarted: () => {},
  onOutput: () => {},
  onNotStarted: () => {},
  onNotRecorded: () => {},
  onBeat: () => {},
  onExited: () => {},
  onEnd: () => {},
};

const launcher = () => until(async () => (await launchersOf(process.pid))[0]);

describe('the launcher', () => {
  it('runs scripts as its own children, with output that can be opened again', async () => {
    const { run } = launcherRunner();
    const { text } = await run([files.sh('echo $PPID; echo out >/dev/stdout; echo error >/dev/stderr')]);
    expect(text.sort()).toEqual([String(await launcher()), 'error', 'out'].sort());
  });

  it.each(['/no/such/python3', '/bin/false', '/bin/true'])(
    'is done without where %s is the interpreter',
    async (interpreter) => {
      const { run, notices } = launcherRunner({ interpreter });
      const results = await Promise.all([run([files.sh('echo 1')]), run([files.sh('exit 2')])]);
      expect(results.map(({ result }) => result)).toEqual([
        { kind: 'exited', exitCode: 0 },
        { kind: 'exited', exitCode: 2 },
      ]);
      expect((await run([files.sh('echo 3')])).text).toEqual(['3']);
      expect(notices).toEqual([expect.stringMatching(/^the launcher of scripts cannot be started/)]);
    },
  );

  it('is done without where it is not ready in time', async () => {
    const { run, notices } = launcherRunner({ interpreter: files.sh('exec sleep 60'), readyWithinMilliseconds: 200 });
    expect((await run([files.sh('echo here')])).text).toEqual(['here']);
    expect(notices).toEqual([expect.stringMatching(/cannot be started \(signal SIGKILL\)/)]);
  });

  it('takes its scripts with it when it dies, and is replaced', async () => {
    const { run, notices } = launcherRunner();
    const script = files.sh(`trap "" TERM; echo $$; while :; do sleep 0.05; done`);
    const groups: number[] = [];
    const running = [1, 2].map(() => run([script], { onLine: (_, line) => groups.push(Number(line)) }));
    await until(() => groups.length === 2);
    process.kill(await launcher(), 'SIGKILL');
    for (const { result } of await Promise.all(running)) expect(result.kind).toBe('lost');
    expect(await eachLives(groups)).toEqual([false, false]);
    expect(notices).toEqual([expect.stringMatching(/died \(signal SIGKILL\), and 2 running scripts were ended$/)]);
    expect((await run([files.sh('echo again')])).text).toEqual(['again']);
  });

  it('is replaced however often it dies, so that no script becomes a child of the service', async () => {
    const { run } = launcherRunner();
    for (let death = 1; death <= 5; death++) {
      const { result } = await run([files.sh('kill -9 $PPID; sleep 60')]);
      expect(result).toMatchObject({ kind: 'lost', reason: expect.stringMatching(/died \(signal SIGKILL\)/) });
    }
    const { text } = await run([files.sh('echo $PPID')]);
    expect(text).toEqual([String(await launcher())]);
  });

  it.each(['STOP', 'KILL'])('of a run that is alone takes nobody with it when it gets SIG%s', async (signal) => {
    const { run } = launcherRunner({ beatMilliseconds: 200 });
    const go = join(files.folder, `go-${signal}`);
    const seen: string[] = [];
    const innocent = run([files.sh(`echo ready; until [ -e ${go} ]; do sleep 0.02; done; echo done`)], {
      onLine: (_, line) => seen.push(line),
    });
    await until(() => seen.includes('ready'));
    const culprit = await run([files.sh(`kill -${signal} $PPID; sleep 60`)], { alone: true });
    expect(culprit.result.kind).toBe('lost');
    writeFileSync(go, '');
    expect((await innocent).result).toEqual({ kind: 'exited', exitCode: 0 });
    expect(seen).toEqual(['ready', 'done']);
  });

  it('is ended when it hangs, with all that it runs, and the next run has another one', async () => {
    const { run, notices } = launcherRunner({ beatMilliseconds: 200 });
    const groups: number[] = [];
    const running = [1, 2].map(() =>
      run([files.sh('echo $$; sleep 60')], { onLine: (_, line) => groups.push(Number(line)) }),
    );
    await until(() => groups.length === 2);
    process.kill(await launcher(), 'SIGSTOP');
    // Requests from now on are lost as well, although they have not begun.
    running.push(run([files.sh('echo 0')]));
    expect((await Promise.all(running)).map(({ result }) => result.kind)).toEqual(['lost', 'lost', 'lost']);
    expect(await eachLives(groups)).toEqual([false, false]);
    expect(notices).toEqual([expect.stringMatching(/and 3 running scripts were ended$/)]);
    expect((await run([files.sh('echo again')])).text).toEqual(['again']);
  });

  it('says that files are short where it may not open as many, and is replaced', async () => {
    const { run } = launcherRunner();
    for (const most of [5, 12, 40]) {
      expect((await run([files.sh('echo here')])).text).toEqual(['here']);
      execFileSync('prlimit', ['--pid', String(await launcher()), `--nofile=${most}:`]);
      expect((await run(['true'])).result).toMatchObject({
        kind: 'notStarted',
        code: 'EMFILE',
        transient: true,
        reason: expect.stringMatching(/LimitNOFILE/),
      });
    }
    expect((await run([files.sh('echo here')])).text).toEqual(['here']);
  });

  it('is replaced where a script has lowered its limits', async () => {
    const { run } = launcherRunner();
    await run([files.sh('prlimit --pid $PPID --nofile=4:4')]);
    expect((await run(['true'])).result).toMatchObject({ kind: 'notStarted', code: 'EMFILE', transient: true });
    expect((await run([files.sh('echo here')])).text).toEqual(['here']);
  });

  it('starts another one next to it if there is more to run than one may hold', async () => {
    const { run } = launcherRunner();
    const parents = new Set<string>();
    const go = join(files.folder, 'go-many');
    const script = files.sh(`echo $PPID; until [ -e ${go} ]; do sleep 0.2; done`);
    let said = 0;
    const onLine = (_: string, line: string) => {
      parents.add(line);
      said += 1;
    };
    const running = Array.from({ length: 210 }, () => run([script], { onLine }));
    await until(() => said === 210);
    writeFileSync(go, '');
    await Promise.all(running);
    expect(parents.size).toBe(2);
    expect(parents).not.toContain(String(process.pid));
  });

  it('is ended when it does not answer, and the time limit of its scripts holds', async () => {
    const { run, notices } = launcherRunner();
    const { result, text } = await runPastFirstWords(async (timeoutMilliseconds) => {
      const words: string[] = [];
      const onLine = (_: unknown, line: string) => {
        words.push(line);
        void launcher().then((pid) => process.kill(pid, 'SIGSTOP'));
      };
      const limits = { timeoutMilliseconds, killGraceMilliseconds: 100 };
      return { ...(await run([files.sh('echo $$; sleep 60')], { ...limits, onLine })), text: words };
    });
    expect(result).toEqual({ kind: 'timedOut' });
    expect(await groupLives(Number(text[0]))).toBe(false);
    await until(() => notices.length === 1);
  });

  /** A lease that ends in so many milliseconds, unless it is renewed. */
  function lease(milliseconds: number) {
    let end = performance.now() + milliseconds;
    const listeners = new Set<() => void>();
    return {
      remaining: () => end - performance.now(),
      onRenewed: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      renew: (more: number) => {
        end = performance.now() + more;
        for (const listener of listeners) listener();
      },
    };
  }

  it('kills a script whose lease has lapsed, though nobody tells it to', async () => {
    const { run } = launcherRunner();
    const words: string[] = [];
    const onLine = (_: unknown, line: string) => words.push(line);
    const script = files.sh('trap "" TERM; echo $$; while :; do sleep 0.1; done');
    const { result } = await run([script], { onLine, lease: lease(2_000) });
    expect(result).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect(await groupLives(Number(words[0]))).toBe(false);
  });

  it('lets a script run on whose lease is renewed', async () => {
    const { run } = launcherRunner();
    const own = lease(2_000);
    const go = join(files.folder, 'go-renewed');
    const script = files.sh(`echo here; until [ -e ${go} ]; do sleep 0.05; done; echo there`);
    const onLine = (_: unknown, line: string) => {
      if (line === 'here') own.renew(60_000);
    };
    const running = run([script], { onLine, lease: own });
    // The launcher looks at a deadline when it has passed. By then it has the later one.
    await until(() => own.remaining() < 57_500);
    writeFileSync(go, '');
    expect((await running).result).toEqual({ kind: 'exited', exitCode: 0 });
  });

  it('starts no script whose lease has lapsed', async () => {
    const { run } = launcherRunner();
    expect(await run(['true'], { lease: lease(-1) })).toMatchObject({ result: { kind: 'aborted' }, text: [] });
  });

  it('is not ended by signals that are sent to everybody', async () => {
    const { run, notices } = launcherRunner();
    await run(['true']);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(await launcher(), signal);
    expect((await run([files.sh('echo here')])).text).toEqual(['here']);
    expect(notices).toEqual([]);
  });

  it('waits for no script that says nothing, whatever came before it on the same descriptor', async () => {
    const file = (name: string) => join(files.folder, name);
    const waiting = (name: string, then = 'true') =>
      files.sh(`until [ -e ${file(name)} ]; do sleep 0.01; done; ${then}`);
    const program = fileURLToPath(new URL('../../src/script/launcher.py', import.meta.url));
    execFileSync('mkfifo', [file('frames')]);
    const frames = openSync(file('frames'), 'r+');
    const args = ['-I', '-S', '-B', program, file('own record'), 'text\n'];
    const child = track(spawn('/usr/bin/python3', args, { stdio: ['pipe', frames, 'inherit'] }));
    let reader: Socket | undefined;
    let ids = 0;
    const start = (script: string): number => {
      ids += 1;
      child.stdin?.write(
        encodeRequest([ids, 100, 0, 1], [script, 'PATH=/usr/bin:/bin', file(`record ${ids}`), 'text\n', '']),
      );
      return ids;
    };
    const childrenOf = async (state?: string) =>
      (await listProcesses()).filter(
        (found) => found.parent === child.pid && (state === undefined || found.state === state),
      );
    try {
      start(waiting('first'));
      for (let count = 0; count < 6; count++) start(waiting('last', 'echo bye'));
      await until(async () => (await childrenOf()).length === 7);
      // Its output is not read, so it blocks. Meanwhile a script dies, new scripts are requested,
      // and more die.
      start(files.sh('head -c 900000 /dev/zero'));
      await until(() => readFileSync(`/proc/${child.pid}/wchan`, 'latin1').includes('pipe_write'));
      writeFileSync(file('first'), '');
      await until(async () => (await childrenOf('Z')).length >= 1);
      for (let count = 0; count < 6; count++) start(waiting('silent'));
      writeFileSync(file('last'), '');
      await until(async () => (await childrenOf('Z')).length >= 7);

      const ended = new Set<number>();
      reader = new Socket({ fd: openSync(file('frames'), 'r'), readable: true, writable: false });
      reader.on('data', frameReader({ ...NOTHING_HAPPENS, onExited: (id) => ended.add(id) }));
      const loud = start(files.sh('echo here'));
      await until(() => ended.has(loud));
    } finally {
      writeFileSync(file('silent'), '');
      if (reader === undefined) child.kill('SIGKILL');
      child.stdin?.end();
      await exited(child);
      reader?.destroy();
      closeSync(frames);
    }
  });

  it('ends the scripts that still run when it is closed', async () => {
    const { run, runner } = launcherRunner();
    const seen: number[] = [];
    const running = run([files.sh('echo $$; sleep 60')], { onLine: (_, line) => seen.push(Number(line)) });
    await until(() => seen.length > 0);
    await runner.close();
    expect((await running).result.kind).toBe('lost');
    expect(await groupLives(seen[0]!)).toBe(false);
  });

  it('ends its scripts, also those that ignore SIGTERM, and itself when the service is killed', async () => {
    const script = files.sh(`trap "" TERM; echo "group $$"; while :; do sleep 0.05; done`);
    const { service, said } = drive({ launcher: 'auto', script });
    const group = await said('group');
    const [pid] = await launchersOf(service.pid!);
    service.kill('SIGKILL');
    await until(async () => !(await eachLives([group, pid!])).includes(true));
  });

  it('is waited for when it is closed, also where its output is open for longer than it lives', async () => {
    const lingers = files.sh('sleep 0.5 & read request');
    const fixture = join(import.meta.dirname, '../support/fixtures/close-launcher.ts');
    const { stdout } = await execute(process.execPath, ['--import', 'tsx', fixture, lingers]);
    expect(stdout).toBe('closed');
  });

  it('does not keep a process alive that forgets it', async () => {
    const { service, lines } = drive({ launcher: 'auto', what: 'leave', script: files.sh('exit 3') });
    await exited(service);
    expect(lines).toEqual(['leave exited']);
    expect(service.exitCode).toBe(0);
  });
});
