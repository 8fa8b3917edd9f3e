import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { encodeRequest, frameReader, type LauncherEvents } from '../../src/script/launcher-process.ts';
import { createLauncherRunner } from '../../src/script/launcher-runner.ts';
import { createPlainRunner } from '../../src/script/plain-runner.ts';
import { groupLives, listProcesses } from '../../src/script/process-group.ts';
import { exited, track } from '../support/children.ts';
import { runAndKeep, runPastFirstWords, scriptFolder, until } from './contract.ts';
import { drive, launchersOf } from './driver.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const closings: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

function launcherRunner(interpreter?: string, readyWithinMilliseconds?: number) {
  const notices: string[] = [];
  const runner = createLauncherRunner({
    plain: createPlainRunner(),
    base: 'dc=example',
    onNotice: (message) => notices.push(message),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(readyWithinMilliseconds === undefined ? {} : { readyWithinMilliseconds }),
  });
  closings.push(() => runner.close());
  return { runner, notices, run: runAndKeep.bind(undefined, runner) };
}

const NOTHING_HAPPENS: LauncherEvents = {
  onReady: () => {},
  onStarted: () => {},
  onOutput: () => {},
  onNotStarted: () => {},
  onExited: () => {},
  onEnd: () => {},
};

const launcher = () => until(() => launchersOf(process.pid)[0]);

describe('the launcher', () => {
  it('runs scripts as its own children, with output that can be opened again', async () => {
    const { run } = launcherRunner();
    const { text } = await run([files.sh('echo $PPID; echo out >/dev/stdout; echo error >/dev/stderr')]);
    expect(text.sort()).toEqual([String(await launcher()), 'error', 'out'].sort());
  });

  it.each(['/no/such/python3', '/bin/false', '/bin/true'])(
    'is done without where %s is the interpreter',
    async (interpreter) => {
      const { run, notices } = launcherRunner(interpreter);
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
    const { run, notices } = launcherRunner(files.sh('exec sleep 60'), 200);
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
    expect(groups.map(groupLives)).toEqual([false, false]);
    expect(notices).toEqual([
      expect.stringMatching(/died \(signal SIGKILL\), and 2 running scripts were ended; a new one/),
    ]);
    expect((await run([files.sh('echo again')])).text).toEqual(['again']);
  });

  it('is given up when it dies again and again, and scripts run all the same', async () => {
    const { run, notices } = launcherRunner();
    for (let death = 1; death <= 3; death++) {
      await run(['true']);
      process.kill(await launcher(), 'SIGKILL');
      await until(() => notices.length === death);
    }
    expect(notices.at(-1)).toMatch(/lower rate from now on$/);
    expect((await run([files.sh('echo here')])).text).toEqual(['here']);
    expect(launchersOf(process.pid)).toEqual([]);
  });

  it('is ended when it does not answer, and the time limit of its scripts holds', async () => {
    const { run, notices } = launcherRunner();
    const { result, text } = await runPastFirstWords(async (timeoutMilliseconds) => {
      const words: string[] = [];
      const onLine = (_: unknown, line: string) => {
        words.push(line);
        process.kill(launchersOf(process.pid)[0]!, 'SIGSTOP');
      };
      const limits = { timeoutMilliseconds, killGraceMilliseconds: 100 };
      return { ...(await run([files.sh('echo $$; sleep 60')], { ...limits, onLine })), text: words };
    });
    expect(result).toEqual({ kind: 'timedOut' });
    expect(groupLives(Number(text[0]))).toBe(false);
    await until(() => notices.length === 1);
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
    const child = track(spawn('/usr/bin/python3', ['-I', '-S', '-B', program], { stdio: ['pipe', frames, 'inherit'] }));
    let reader: Socket | undefined;
    let ids = 0;
    const start = (script: string): number => {
      ids += 1;
      child.stdin?.write(encodeRequest([ids, 100, 1], [script, 'PATH=/usr/bin:/bin', '']));
      return ids;
    };
    const childrenOf = (state?: string) =>
      listProcesses().filter((found) => found.parent === child.pid && (state === undefined || found.state === state));
    try {
      start(waiting('first'));
      for (let count = 0; count < 6; count++) start(waiting('last', 'echo bye'));
      await until(() => childrenOf().length === 7);
      // Nobody reads what it tells, so it stands still; behind its back come a death, new scripts, and more deaths.
      start(files.sh('head -c 900000 /dev/zero'));
      await until(() => readFileSync(`/proc/${child.pid}/wchan`, 'latin1').includes('pipe_write'));
      writeFileSync(file('first'), '');
      await until(() => childrenOf('Z').length >= 1);
      for (let count = 0; count < 6; count++) start(waiting('silent'));
      writeFileSync(file('last'), '');
      await until(() => childrenOf('Z').length >= 7);

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
    expect(groupLives(seen[0]!)).toBe(false);
  });

  it('ends its scripts, also those that ignore SIGTERM, and itself when the service is killed', async () => {
    const script = files.sh(`trap "" TERM; echo "group $$"; while :; do sleep 0.05; done`);
    const { service, said } = drive({ launcher: 'auto', script });
    const group = await said('group');
    const [pid] = launchersOf(service.pid!);
    service.kill('SIGKILL');
    await until(() => !groupLives(group) && !groupLives(pid!));
  });

  it('does not keep a process alive that forgets it', async () => {
    const { service, lines } = drive({ launcher: 'auto', what: 'leave', script: files.sh('exit 3') });
    await exited(service);
    expect(lines).toEqual(['leave exited']);
    expect(service.exitCode).toBe(0);
  });
});
