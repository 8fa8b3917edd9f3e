import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SectionSchema, SettingsOf } from '../../../config/kinds/setting.ts';
import type { Means, Site, SiteStep, Step } from '../../../handlers/define-step.ts';
import { entryOf } from '../../../src/domain/entry.ts';
import type { Job, StepContext } from '../../../src/domain/job.ts';
import { runCommand } from '../../../src/script/command.ts';
import { runGetent } from '../../../src/script/getent.ts';
import type { ScriptRunner } from '../../../src/script/runner.ts';

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

const SITE: Site = {
  base: 'dc=example,dc=org',
  timeZone: 'Europe/Zurich',
  homeRoot: null,
  homeLayout: '{uid}',
  quotaAttribute: 'sstQuota',
};

/**
 * A step of a site whose configuration has this section. Throws if the site does not use the step.
 */
export function stepOf<Section extends string, Schema extends SectionSchema>(
  step: Step<Section, Schema>,
  written: object,
  site: Partial<Site> = {},
): SiteStep {
  const settings = { [step.section]: step.settings.parse(written) } as Record<Section, SettingsOf<Schema>>;
  const found = step.at(settings, { ...SITE, ...site });
  if (found === undefined) throw new Error('the site does without the step');
  return found;
}

const NO_SCRIPTS: ScriptRunner = {
  run: () => Promise.reject(new Error('no script is run here')),
  close: () => Promise.resolve(),
};

/** What steps use on every host. */
export const MEANS: Means = { scripts: NO_SCRIPTS, getent: runGetent, runCommand };

/** Runs a step, with the real commands of the host by default. */
export function doStep(step: SiteStep, job: Job, context = contextOf(), means: Partial<Means> = {}) {
  return step.run(job, context, { ...MEANS, ...means });
}

export function contextOf(signal: AbortSignal = new AbortController().signal): StepContext {
  return { signal, report: () => undefined };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'steps-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Writes a program that records its arguments, one per line with a blank line after each call, and
 * then runs `then`.
 */
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

/** Puts a folder first in PATH until the end of the test. */
export function inPath(folder: string): void {
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder}:${before}`;
  onTestFinished(() => {
    process.env['PATH'] = before;
  });
}
