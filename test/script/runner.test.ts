import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupLives } from '../../src/script/process-group.ts';
import { listProcesses } from '../../src/script/process-table.ts';
import type { ScriptRequest, ScriptRunner } from '../../src/script/runner.ts';
import { createScriptRunner } from '../../src/script/script-runner.ts';
import { runAndKeep, runPastFirstWords, scriptFolder, until } from './contract.ts';

const files = scriptFolder();
afterAll(() => files.remove());

describe.each(['none', 'auto'] as const)('a script runner (launcher: %s)', (launcher) => {
  const notices: string[] = [];
  let runner: ScriptRunner;
  const run = (command: readonly string[], overrides?: Partial<ScriptRequest>) =>
    runAndKeep(runner, command, overrides);
  beforeAll(() => {
    runner = createScriptRunner({ launcher, base: 'dc=example', onNotice: (message) => notices.push(message) });
  });
  afterAll(async () => {
    await runner.close();
    expect(notices).toEqual([]);
  });

  it('reports exit codes', async () => {
    for (const code of [0, 1, 75, 137, 255]) {
      expect((await run([files.sh(`exit ${code}`)])).result).toEqual({ kind: 'exited', exitCode: code });
    }
  });

  it('tells a kill by a signal from an exit code that looks like one', async () => {
    expect((await run([files.sh('kill -9 $$')])).result).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
    expect((await run([files.sh('kill -SEGV $$')])).result).toEqual({ kind: 'signaled', signal: 'SIGSEGV' });
  });

  it('hands over arguments as they are, without a shell', async () => {
    const hostile = ['$(touch /tmp/never)', '; exit 3', '*', 'a b', '', '-n', '\n', "'", 'é'];
    const { lines } = await run([files.sh(`for a; do printf '%s|' "$a"; done`), ...hostile]);
    const shown = hostile.map((argument) => `${argument}|`).join('');
    expect(lines.map(({ line }) => line).join('\n')).toBe(shown);
  });

  it('gives exactly the environment that is asked for', async () => {
    const env = { PATH: '/usr/bin:/bin', PROV_DN: 'uid=1,ou=a=b\nc', EMPTY: '' };
    const { text } = await run(['env', '-0'], { env });
    expect(text.join('\n').split('\\x00').sort()).toEqual([
      '',
      'EMPTY=',
      'PATH=/usr/bin:/bin',
      'PROV_DN=uid=1,ou=a=b\nc',
    ]);
  });

  it('starts the script in a session of its own, in the root folder', async () => {
    const { text } = await run([files.sh('pwd; echo $$; cut -d" " -f5,6 /proc/$$/stat')]);
    expect(text).toEqual(['/', text[1], `${text[1]} ${text[1]}`]);
  });

  it('starts the script with no signal ignored or blocked', async () => {
    const { text } = await run(['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status']);
    const [blocked, ignored] = text.map((line) => BigInt(`0x${line.split('\t')[1]}`));
    // Signals 32 and 33 are reserved for glibc and ignored by its posix_spawn.
    const ownOfGlibc = 0x180000000n;
    expect([blocked, (ignored ?? 0n) & ~ownOfGlibc]).toEqual([0n, 0n]);
  });

  it('leaves nothing open in the script but its streams, its record, and what this process itself inherited', async () => {
    const inherited = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout.trim().split('\n');
    expect((await run(['ls', '/proc/self/fd'])).text.sort()).toEqual([...inherited, '57'].sort());
  });

  it('writes standard input whole', async () => {
    const stdin = Buffer.alloc(5_000_000, 'x');
    expect((await run(['wc', '-c'], { stdin })).text).toEqual(['5000000']);
    expect((await run(['cat'], { stdin: '{"uid":"é"}' })).text).toEqual(['{"uid":"é"}']);
  });

  it('does not mind a script that leaves a large input unread', async () => {
    const stdin = Buffer.alloc(5_000_000, 'x');
    expect((await run(['true'], { stdin })).result).toEqual({ kind: 'exited', exitCode: 0 });
    expect((await run([files.sh('exec <&-; sleep 0.1; echo here')], { stdin })).text).toEqual(['here']);
  });

  it('keeps the two streams apart and the order within each', async () => {
    const { lines } = await run([files.sh('echo 1; echo a >&2; echo 2; echo b >&2; printf 3')]);
    const of = (name: string) => lines.filter(({ stream }) => stream === name).map(({ line }) => line);
    expect(of('stdout')).toEqual(['1', '2', '3']);
    expect(of('stderr')).toEqual(['a', 'b']);
  });

  it('delivers output while the script runs', async () => {
    const go = join(files.folder, `go-${launcher}`);
    const seen: string[] = [];
    const running = run([files.sh(`echo ready; until [ -e ${go} ]; do sleep 0.02; done; echo gone`)], {
      onLine: (_, line) => seen.push(line),
    });
    await until(() => seen.includes('ready'));
    writeFileSync(go, '');
    expect((await running).result).toEqual({ kind: 'exited', exitCode: 0 });
    expect(seen).toEqual(['ready', 'gone']);
  });

  it('makes terminal controls and broken UTF-8 harmless', async () => {
    const { text } = await run([files.sh(`printf '\\033[31mred\\007\\r\\n\\303\\050\\377\\n\\302\\233x\\n'`)]);
    expect(text).toEqual(['\\x1b[31mred\\x07', '\ufffd(\ufffd', '\\x9bx']);
  });

  it('bounds a line without end', async () => {
    const { lines } = await run([files.sh('head -c 3000000 /dev/zero | tr "\\0" x; echo; echo after')]);
    expect(lines.length).toBeLessThanOrEqual(3);
    expect(lines[0]?.line.length).toBeLessThan(8300);
    expect(lines[0]?.line).toMatch(/^x+ \[\d+ more bytes\]$/);
  });

  it('bounds the output of a run, says so once, and still sees its end', async () => {
    const { result, lines } = await run([files.sh('seq 100000; exit 3')]);
    expect(result).toEqual({ kind: 'exited', exitCode: 3 });
    expect(lines).toHaveLength(10_001);
    expect(lines.at(-1)?.line).toMatch(
      /^\[the script wrote too much: 90000 further lines \(\d+ bytes\) are left out\]$/,
    );
  });

  it('lets other scripts continue during a flood, which its time limit ends', async () => {
    const flood = runPastFirstWords((timeoutMilliseconds) => run(['yes'], { timeoutMilliseconds }));
    const others = await Promise.all(Array.from({ length: 40 }, () => run([files.sh('echo here')])));
    expect(others.every(({ text }) => text[0] === 'here')).toBe(true);
    const { result, lines } = await flood;
    expect(result).toEqual({ kind: 'timedOut' });
    expect(lines).toHaveLength(10_001);
  });

  it('ends when the script has ended, even if another process holds its output open, and leaves that one alone', async () => {
    const { result, text } = await run([files.sh('sleep 60 & echo $!')]);
    expect(result).toEqual({ kind: 'exited', exitCode: 0 });
    const background = Number(text[0]);
    process.kill(background, 0);
    process.kill(background);
  });

  it('ends a script at its time limit with SIGTERM', async () => {
    const body = 'trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
    const { result, text } = await runPastFirstWords((timeoutMilliseconds) =>
      run([files.sh(body)], { timeoutMilliseconds }),
    );
    expect(result).toEqual({ kind: 'timedOut' });
    expect(text[0]).toBe('ready');
    expect(text).toContain('asked');
  });

  it('kills, after the grace, a script that ignores SIGTERM, and its children', async () => {
    const body = `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 0.05; done' & echo $$; while :; do sleep 0.05; done`;
    const { result, text, timeoutMilliseconds, milliseconds } = await runPastFirstWords(async (limit) => {
      const began = performance.now();
      const done = await run([files.sh(body)], { timeoutMilliseconds: limit, killGraceMilliseconds: 300 });
      return { ...done, milliseconds: performance.now() - began };
    });
    expect(result).toEqual({ kind: 'timedOut' });
    expect(milliseconds).toBeGreaterThanOrEqual(timeoutMilliseconds + 290);
    expect(await groupLives(Number(text[0]))).toBe(false);
  });

  it('kills, after the grace, what outlives a script that obeys SIGTERM', async () => {
    const body = `sh -c 'trap "" TERM; while :; do sleep 0.05; done' & echo $$; while :; do sleep 0.05; done`;
    const { result, text } = await runPastFirstWords((timeoutMilliseconds) =>
      run([files.sh(body)], { timeoutMilliseconds, killGraceMilliseconds: 300 }),
    );
    expect(result).toEqual({ kind: 'timedOut' });
    expect(await groupLives(Number(text[0]))).toBe(false);
  });

  it('ends a script on abort, and starts none after it', async () => {
    const abort = new AbortController();
    const marker = join(files.folder, `aborted-${launcher}`);
    const running = run([files.sh(`echo $$; sleep 60`)], {
      signal: abort.signal,
      onLine: () => abort.abort(),
    });
    expect((await running).result).toEqual({ kind: 'aborted' });
    expect((await run(['touch', marker], { signal: abort.signal })).result).toEqual({ kind: 'aborted' });
    expect(existsSync(marker)).toBe(false);
  });

  it.each([
    ['a missing script', 'ENOENT', () => [join(files.folder, 'missing')]],
    ['a name that is not in PATH', 'ENOENT', () => ['no-such-program']],
    ['a script that is not executable', 'EACCES', () => [files.script('#!/bin/sh\n', 0o644)]],
    ['a folder', 'EACCES', () => [files.folder]],
    ['a missing interpreter', 'ENOENT', () => [files.script('#!/no/such/interpreter\n')]],
    ['a script without interpreter', 'ENOEXEC', () => [files.script('echo hello\n')]],
    ['an empty script', 'ENOEXEC', () => [files.script('')]],
    ['an argument that is too long', 'E2BIG', () => ['true', 'x'.repeat(200_000)]],
    ['an empty name', 'ENOENT', () => ['']],
    ['no command', 'ENOENT', () => []],
  ])('says why it cannot start %s', async (_, code, command) => {
    const { result } = await run(command());
    expect(result).toMatchObject({ kind: 'notStarted', code });
    if (result.kind === 'notStarted') expect(result.reason).toMatch(/\w/);
  });

  it('takes one signal for many runs, and limits beyond what a timer can hold', async () => {
    const warnings: Error[] = [];
    const keep = (warning: Error) => warnings.push(warning);
    process.on('warning', keep);
    const overrides = { signal: new AbortController().signal, timeoutMilliseconds: 2 ** 40 };
    const results = await Promise.all(Array.from({ length: 20 }, () => run(['sleep', '0.1'], overrides)));
    process.off('warning', keep);
    expect(results.map(({ result }) => result.kind)).toEqual(results.map(() => 'exited'));
    expect(warnings).toEqual([]);
  });

  it('leaves neither descriptors nor processes behind after 500 scripts', async () => {
    const script = files.sh('read line; echo "$line"; echo error >&2');
    const open = () => readdirSync('/proc/self/fd').length;
    const children = async () => (await listProcesses()).filter(({ parent }) => parent === process.pid).length;
    await run([script]);
    const before = { open: open(), children: await children() };
    let next = 0;
    const worker = async () => {
      while (next < 500) {
        const stdin = `job ${next++}\n`;
        const { result, text } = await run([script], { stdin });
        expect(result).toEqual({ kind: 'exited', exitCode: 0 });
        expect(text.sort()).toEqual(['error', stdin.trim()]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    await until(async () => open() <= before.open && (await children()) <= before.children);
    expect(readFileSync(script, 'utf8')).toContain('read line');
  });
});
