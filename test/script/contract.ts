import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Runs a command and keeps its lines. */
export async function runAndKeep(
  runner: ScriptRunner,
  command: readonly string[],
  overrides: Partial<ScriptRequest> = {},
): Promise<{ result: ScriptResult; lines: Line[]; text: string[] }> {
  const lines: Line[] = [];
  const result = await runner.run({
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

/** Waits for a condition, for at most ten seconds. */
export async function until<T>(condition: () => T | undefined | false | null | 0 | ''): Promise<T> {
  const last = performance.now() + 10_000;
  for (;;) {
    const found = condition();
    if (found) return found;
    if (performance.now() > last) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
