import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupLives } from '../../src/script/process-group.ts';
import type { OutputStream, ScriptRequest, ScriptResult, ScriptRunner } from '../../src/script/runner.ts';

export interface Line {
  readonly stream: OutputStream;
  readonly line: string;
}

/** A folder for the scripts of one test file. */
export function scriptFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  let count = 0;
  return {
    folder,
    /** Writes an executable file and returns its path. */
    script(content: string | Buffer, mode = 0o755): string {
      const file = join(folder, `script-${count++}`);
      writeFileSync(file, content, { mode });
      return file;
    },
    sh(body: string): string {
      return this.script(`#!/bin/sh\n${body}\n`);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a command and keeps its lines of output. */
export async function runAndKeep(
  runner: ScriptRunner,
  command: readonly string[],
  overrides: Partial<ScriptRequest> = {},
): Promise<{ result: ScriptResult; lines: Line[]; text: string[] }> {
  const lines: Line[] = [];
  const result = await runner.run({
    account: { uid: '3724300', dn: 'uid=3724300,dc=example' },
    command,
    env: { PATH: '/usr/bin:/bin' },
    stdin: '',
    timeoutMilliseconds: 20_000,
    killGraceMilliseconds: 500,
    onLine: (stream, line) => lines.push({ stream, line }),
    signal: new AbortController().signal,
    ...overrides,
  });
  return { result, lines, text: lines.map(({ line }) => line) };
}

/**
 * Runs a command that does not end by itself, with a time limit that allows its first output. On a
 * busy machine the shortest limit may pass before the command has begun.
 */
export async function runPastFirstWords<T extends { readonly text: readonly string[] }>(
  run: (timeoutMilliseconds: number) => Promise<T>,
): Promise<T & { readonly timeoutMilliseconds: number }> {
  for (const timeoutMilliseconds of [500, 2_000, 8_000]) {
    const done = await run(timeoutMilliseconds);
    if (done.text.length > 0) return { ...done, timeoutMilliseconds };
  }
  throw new Error('the command says nothing');
}

type Sought<T> = T | undefined | false | null | 0 | '';

/** Waits for a condition, at most ten seconds. */
export async function until<T>(condition: () => Sought<T> | Promise<Sought<T>>): Promise<T> {
  const last = performance.now() + 10_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > last) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether each process group has a living process. */
export function eachLives(groups: readonly number[]): Promise<boolean[]> {
  return Promise.all(groups.map(groupLives));
}
