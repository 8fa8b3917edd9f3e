import { createLauncherRunner } from './launcher-runner.ts';
import { createPlainRunner } from './plain-runner.ts';
import { RunRecords } from './run-record.ts';
import type { ScriptRunner } from './runner.ts';

export interface ScriptRunnerOptions {
  /** `auto`: through the launcher where it can be started; `none`: always as children of this process. */
  readonly launcher: 'auto' | 'none';
  /** Below which the accounts are. */
  readonly base: string;
  /** Told, in a sentence, when the launcher cannot be used or has died. */
  onNotice(message: string): void;
}

/** The runner that the service uses. */
export function createScriptRunner({ launcher, base, onNotice }: ScriptRunnerOptions): ScriptRunner {
  const records = new RunRecords(base);
  const plain = createPlainRunner(records);
  return launcher === 'none' ? plain : createLauncherRunner({ plain, records, onNotice });
}
