import { createLauncherRunner } from './launcher-runner.ts';
import { createPlainRunner } from './plain-runner.ts';
import { RunRecords } from './run-record.ts';
import type { ScriptRunner } from './runner.ts';

export interface ScriptRunnerOptions {
  /** `auto`: through a launcher if one can be started. `none`: as children of this process. */
  readonly launcher: 'auto' | 'none';
  /** The base of the accounts. */
  readonly base: string;
  /** Receives a sentence when the launcher cannot be used or has died. */
  onNotice(message: string): void;
}

/** Creates the runner that the service uses. */
export function createScriptRunner({ launcher, base, onNotice }: ScriptRunnerOptions): ScriptRunner {
  const records = new RunRecords(base);
  const plain = createPlainRunner(records);
  return launcher === 'none' ? plain : createLauncherRunner({ plain, records, onNotice });
}
