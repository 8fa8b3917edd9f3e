import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { exited, track } from '../support/children.ts';
import { limitFiles } from '../support/file-limit.ts';
import { MAIN } from '../support/main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'full-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

interface Service {
  readonly child: ChildProcess;
  /** Its standard error. */
  errors(): string;
}

/** A service without a directory, which reports that again and again. */
function start(flags: readonly string[], log: string, stdout: number | 'ignore'): Service {
  const config = join(folder, 'service.yaml');
  const directory = `directory: { url: "ldap://127.0.0.1:1", base: "dc=${folder.slice(-6)}" }`;
  const reconnect = 'reconnect: { initial: 10ms, max: 50ms }';
  writeFileSync(config, `${directory}\nscript: { command: [/bin/true] }\n${reconnect}\nlog: ${log}\n`, { mode: 0o600 });
  const child = track(
    spawn(process.execPath, [MAIN, 'run', '-c', config, ...flags], { stdio: ['ignore', stdout, 'pipe'] }),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited(child);
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, errors: () => said };
}

describe('a log file on a full disk', () => {
  it.each(['--debug', '--json'])('is reported once on standard error with %s', async (flag) => {
    const { child, errors } = start([flag], '{ file: /dev/full, level: debug }', 'ignore');
    await expect.poll(errors, { timeout: 20_000 }).toContain('the log file /dev/full cannot be written (ENOSPC');
    child.kill('SIGTERM');
    await exited(child);
    expect(child.exitCode).toBe(0);
    expect(errors().match(/cannot be written/g)).toHaveLength(1);
  });
});

describe('standard output in a file on a full disk', () => {
  const MISSING = {
    '': /"message":"lines of the log were lost","lines":\d+/,
    '--json': /"event":"missed","missed":\d+/,
  };

  it.each([
    ['the log', '' as const],
    ['the events', '--json' as const],
  ])('gets %s again, and how many lines are missing, when there is room', async (_title, flag) => {
    const output = join(folder, 'output');
    const stdout = openSync(output, 'a');
    onTestFinished(() => closeSync(stdout));
    const { child, errors } = start(flag === '' ? [] : [flag], '{ level: debug }', stdout);
    const lines = () => readFileSync(output, 'utf8').split('\n').slice(0, -1);
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThan(3);
    limitFiles(child.pid ?? 0, statSync(output).size + 7);
    await expect.poll(errors, { timeout: 20_000 }).toContain('standard output cannot be written (EFBIG');
    const full = lines().length;
    limitFiles(child.pid ?? 0, Number.POSITIVE_INFINITY);
    await expect.poll(() => lines().length, { timeout: 20_000 }).toBeGreaterThan(full + 5);
    child.kill('SIGTERM');
    await exited(child);
    const note = lines().findIndex((line) => MISSING[flag].test(line));
    // An incomplete line is before it, unless the disk became full at the end of a line.
    expect([full, full + 1]).toContain(note);
    const after = lines().slice(note);
    expect(() => after.map((line) => JSON.parse(line))).not.toThrow();
    expect(after.at(-1)).toContain('stopped');
    expect(errors().match(/cannot be written/g)).toHaveLength(1);
  });
});
