import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

it('a service at a terminal ends when the terminal is closed, and not on kill -HUP', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closed-terminal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [config, log] = [join(folder, 'service.yaml'), join(folder, 'log')];
  writeFileSync(
    config,
    `directory: { url: "ldap://127.0.0.1:1", base: "dc=${folder.slice(-6)}" }\nscript: { command: [/bin/true] }\nlog: { file: ${log} }\n`,
  );
  const pidFile = join(folder, 'pid');
  const command = `echo $$ > ${pidFile}; exec ${process.execPath} ${MAIN} run -c ${config} --debug`;
  // script(1) provides the terminal.
  const terminal = track(spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] }));
  const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await expect.poll(logged, { timeout: 20_000 }).toContain('disconnected');

  rmSync(log);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGHUP');
  await expect.poll(() => existsSync(log), { timeout: 20_000 }).toBe(true);
  expect(logged()).not.toContain('draining');
  terminal.kill('SIGKILL');
  await exited(terminal);
  await expect.poll(logged, { timeout: 20_000 }).toContain('stopped');
});
