import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { describeCommand, runCommand } from '../../src/script/command.ts';
import { runPastFirstWords } from './contract.ts';

const never = new AbortController().signal;
const sh = (text: string, ...rest: string[]): string[] => ['/bin/sh', '-c', text, 'sh', ...rest];

describe('a system command', () => {
  it('returns its exit code and what it said', async () => {
    const result = await runCommand(sh('echo out; echo err >&2; exit 3'), {
      timeoutMilliseconds: 5_000,
      signal: never,
    });
    expect(result).toEqual({ kind: 'exited', exitCode: 3, output: 'out\n', complaint: 'err\n' });
  });

  it('gets its arguments as they are, without a shell', async () => {
    const hostile = '$(id); `id`\n"quoted" \'*\'';
    const result = await runCommand(['printf', '%s', hostile], { timeoutMilliseconds: 5_000, signal: never });
    expect(result.output).toBe(hostile);
  });

  it('gets a clean environment whose PATH reaches the system folders', async () => {
    process.env['PROV_BIND_PASSWORD'] = 'secret';
    const result = await runCommand(['env'], { timeoutMilliseconds: 5_000, signal: never, env: { EXTRA: '1' } });
    delete process.env['PROV_BIND_PASSWORD'];
    const names = result.output
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.filter((name) => !['PATH', 'LANG', 'TZ', 'EXTRA', '_'].includes(name ?? ''))).toEqual([]);
    expect(result.output).toContain('/usr/sbin');
  });

  it('says that it cannot be started', async () => {
    const command = ['/nonexistent/setquota'];
    const result = await runCommand(command, { timeoutMilliseconds: 5_000, signal: never });
    expect(result).toMatchObject({ kind: 'notStarted', code: 'ENOENT' });
    expect(describeCommand(command, result)).toContain('install it');
  });

  it('is ended with its children when its time is up, even where they ignore SIGTERM', async () => {
    const command = sh("trap '' TERM; (trap '' TERM; sleep 60) & echo $!; wait; sleep 60");
    const { kind, text } = await runPastFirstWords(async (timeoutMilliseconds) => {
      const limits = { timeoutMilliseconds, killGraceMilliseconds: 100, signal: never };
      const { output, ...result } = await runCommand(command, limits);
      return { ...result, text: output.split('\n').slice(0, -1) };
    });
    expect(kind).toBe('timedOut');
    const child = Number(text[0]);
    expect(child).toBeGreaterThan(1);
    await expect.poll(() => existsSync(`/proc/${child}/cwd`), { timeout: 5_000 }).toBe(false);
  });

  it('ends when the command itself has ended, whatever holds its output open', async () => {
    const result = await runCommand(sh('sleep 60 & echo $!'), { timeoutMilliseconds: 60_000, signal: never });
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(process.kill(Number(result.output), 'SIGKILL')).toBe(true);
  });

  it('is ended when the service stops', async () => {
    const abort = new AbortController();
    const running = runCommand(sh('echo ready; sleep 60'), { timeoutMilliseconds: 60_000, signal: abort.signal });
    await delay(50);
    abort.abort();
    expect((await running).kind).toBe('aborted');
    expect((await runCommand(['true'], { timeoutMilliseconds: 1, signal: abort.signal })).kind).toBe('aborted');
  });

  it('may flood its output without filling memory', async () => {
    const result = await runCommand(sh('head -c 20000000 /dev/zero'), { timeoutMilliseconds: 30_000, signal: never });
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(result.output.length).toBe(16 * 1024);
    expect(describeCommand(['x'], result).length).toBeLessThan(600);
  });

  it('reports a signal that ended it', async () => {
    const result = await runCommand(sh('kill -9 $$'), { timeoutMilliseconds: 5_000, signal: never });
    expect(result).toMatchObject({ kind: 'signaled', signal: 'SIGKILL' });
  });
});
