import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { entryOf } from '../../../src/domain/entry.ts';
import type { Job, StepContext } from '../../../src/domain/job.ts';

type Attributes = Readonly<Record<string, string | Buffer | ReadonlyArray<string | Buffer>>>;

/** An attempt at an account with these attributes. */
export function jobOf(uid: string, attributes: Attributes = {}): Job {
  const dn = `uid=${uid},ou=accounts,dc=example,dc=org`;
  return {
    id: 'job-1',
    mode: 'add',
    record: {
      dn,
      entryUUID: undefined,
      uid,
      mode: 'adding',
      state: '0',
      date: undefined,
      active: true,
      returnValue: undefined,
      modifiedAt: undefined,
    },
    entry: entryOf(dn, { uid, ...attributes }),
    attempt: 1,
    resumed: false,
    lost: 0,
  };
}

export function contextOf(signal: AbortSignal = new AbortController().signal): StepContext {
  return { signal, report: () => undefined };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'steps-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that records its arguments, one line each with a blank line after each call, and then does what is said. */
export function standIn(folder: string, name: string, then = 'exit 0'): { path: string; calls(): string[][] } {
  const path = join(folder, name);
  const log = join(folder, `${name}.calls`);
  writeFileSync(log, '');
  writeFileSync(path, `#!/bin/sh\n{ for a in "$@"; do printf '%s\\n' "$a"; done; echo; } >> '${log}'\n${then}\n`);
  chmodSync(path, 0o755);
  return {
    path,
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n\n')
        .filter((call) => call !== '')
        .map((call) => call.split('\n').filter((argument) => argument !== '')),
  };
}

/** Puts a folder in front of the PATH for the time of one test. */
export function inPath(folder: string): void {
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder}:${before}`;
  onTestFinished(() => {
    process.env['PATH'] = before;
  });
}
