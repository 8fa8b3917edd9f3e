import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'without-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command whose output no process reads, as in `| true`. Resolves to its standard error. */
async function unread(...args: string[]): Promise<string> {
  const child = track(spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
  child.stdout.destroy();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await exited(child);
  return said;
}

it('check ends without a word when nobody reads what it prints', async () => {
  const config = join(folderForTest(), 'service.yaml');
  writeFileSync(
    config,
    'directory: { url: "ldap://127.0.0.1:1", base: dc=example }\nscript: { command: [/bin/true] }\n',
  );
  expect(await unread('check', '-c', config)).toBe('');
});

it('ldif create does its work when nobody reads what it prints', async () => {
  const folder = folderForTest();
  expect(await unread('ldif', 'create', '--uid', '1', '--out', folder)).toBe('');
  expect(existsSync(join(folder, '04_remove_1.ldif'))).toBe(true);
});
