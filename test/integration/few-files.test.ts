import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

/** Runs a command with a limit of open files. Node.js itself does not start with fewer than 20. */
function limited(files: number, ...args: string[]) {
  const command = [`--nofile=${files}:${files}`, process.execPath, MAIN, ...args];
  return attempt('prlimit', command);
}

function configFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'few-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const directory = `{ url: "ldap://127.0.0.1:1", base: "dc=${folder.slice(-6)}" }`;
  const operator = `{ listen: "unix:${join(folder, 'operator.sock')}" }`;
  const text = `directory: ${directory}\nscript: { command: [/bin/true] }\noperator: ${operator}\n`;
  writeFileSync(join(folder, 'service.yaml'), text);
  return join(folder, 'service.yaml');
}

const STACK_TRACE = /^\s+at |EBADF|Error: E/m;
const RAISE = 'raise its limit to at least 64';

it.each([26, 34, 50, 63])('names the limit of %i open files, and what to do about it', async (files) => {
  const sandbox = await limited(files, 'sandbox', '--once');
  expect(sandbox).toMatchObject({ code: 1, stderr: expect.stringContaining(`${files} files open`) });
  expect(sandbox.stderr).toContain(RAISE);
  const checked = await limited(files, 'check', '-c', configFile());
  expect(checked).toMatchObject({ code: 1, stdout: expect.stringMatching(/^fail {7}open files: .*\n.*raise its/m) });
  const explained = await limited(files, 'explain', '-c', configFile(), '1');
  expect(explained.code).toBe(2);
  for (const { stdout, stderr } of [sandbox, checked, explained]) expect(stdout + stderr).not.toMatch(STACK_TRACE);
});

it('asks for no more than it needs', async () => {
  expect(await limited(64, 'sandbox', '--once')).toMatchObject({ code: 0, stderr: '' });
});
