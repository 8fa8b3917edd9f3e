import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { signalGroup } from '../../src/script/process-group.ts';
import { exited, track } from '../support/children.ts';
import { startLeftRun } from '../support/left-run.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/src/main.js');

let folder: string;
let base: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signals-'));
  base = `dc=${folder.slice(-6)}`;
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** Writes the configuration of a service whose directory does not exist. */
function writeConfig(more = ''): string {
  const config = join(folder, 'service.yaml');
  const directory = `directory: { url: "ldap://127.0.0.1:1", base: "${base}" }`;
  const script = 'script: { command: [/bin/true], killGrace: 10m }';
  writeFileSync(config, `${directory}\n${script}\n${more}\n`, { mode: 0o600 });
  return config;
}

function node(args: readonly string[], stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const child = track(spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit'] }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited(child);
  });
  return child;
}

/** Returns a function that returns the output so far. */
function outputOf(child: ChildProcess): () => string {
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return () => said;
}

describe('a service of which only the first file is loaded', () => {
  /** The first file as it is built, with a program that never finishes loading. */
  async function loading(command: string): Promise<ChildProcess> {
    mkdirSync(join(folder, 'dist/src'), { recursive: true });
    for (const file of ['package.json', 'dist/src/main.js']) cpSync(join(ROOT, file), join(folder, file));
    writeFileSync(
      join(folder, 'dist/src/program.js'),
      "console.log('loading'); setInterval(() => {}, 1e9); await new Promise(() => {});",
    );
    const child = node([join(folder, 'dist/src/main.js'), command]);
    await expect.poll(outputOf(child), { timeout: 20_000 }).toContain('loading');
    return child;
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('survives SIGHUP, and ends well on %s', async (signal) => {
    const child = await loading('run');
    child.kill('SIGHUP');
    child.kill(signal);
    await exited(child);
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
  });

  it('is another command: then a signal ends it as a signal does', async () => {
    const child = await loading('verify');
    child.kill('SIGTERM');
    await exited(child);
    expect([child.exitCode, child.signalCode]).toEqual([null, 'SIGTERM']);
  });
});

describe('a service that waits for the script of one before it to end', () => {
  /** A script of a service that has ended. It reports SIGTERM and continues. */
  async function orphan(): Promise<{ told: Promise<unknown> }> {
    const loop = 'trap "echo told" TERM; echo ready; while :; do sleep 0.05; done';
    const account = { uid: '1', dn: `uid=1,${base}` };
    const { child } = await startLeftRun({ base, account, command: ['/bin/sh', '-c', loop] });
    onTestFinished(async () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      await exited(child);
    });
    const lines = createInterface({ input: child.stdout! });
    await once(lines, 'line');
    return { told: once(lines, 'line') };
  }

  it.each([1, 2])('does not wait any longer, and ends well, on %i SIGTERM', async (signals) => {
    const { told } = await orphan();
    const child = node([MAIN, 'run', '--debug', '-c', writeConfig()]);
    const said = outputOf(child);
    await told;
    for (let sent = 0; sent < signals; sent += 1) child.kill('SIGTERM');
    await exited(child);
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    expect(said()).toMatch(/draining.*stopped .*exit code 0/s);
  });
});

describe('a service that has stopped and waits for somebody to read its output', () => {
  /** A pipe that is full. */
  function fullPipe(): number {
    const path = join(folder, 'output.pipe');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => closeSync(pipe));
    try {
      for (;;) writeSync(pipe, 'x'.repeat(4096));
    } catch {
      return pipe;
    }
  }

  it.each([
    ['with --debug', ['--debug']],
    ['without', []],
  ])('is ended by no SIGHUP, and with its exit code by SIGTERM, %s', async (_title, flags) => {
    const log = join(folder, 'log');
    const child = node([MAIN, 'run', ...flags, '-c', writeConfig(`log: { file: ${log} }`)], fullPipe());
    const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    await expect.poll(logged, { timeout: 20_000 }).toContain('disconnected');
    child.kill('SIGTERM');
    await expect.poll(logged, { timeout: 20_000, interval: 5 }).toContain('stopped');
    child.kill('SIGHUP');
    const asked = performance.now();
    child.kill('SIGTERM');
    await exited(child);
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    // Otherwise it waits for two seconds.
    expect(performance.now() - asked).toBeLessThan(1_500);
  });
});
