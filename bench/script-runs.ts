import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Counts the runs of a script that appends its second argument, the uid, to a file. */
export class ScriptRuns {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'runs');
  }

  /** The line of shell code with which the script counts a run. */
  get line(): string {
    return `echo "$2" >> '${this.#file}'`;
  }

  async reset(): Promise<void> {
    await writeFile(this.#file, '');
  }

  /** Throws unless the script ran exactly once for each of these accounts, and for no other. */
  async expectOneFor(uids: readonly string[]): Promise<void> {
    const ran = (await readFile(this.#file, 'utf8')).split('\n').filter((line) => line !== '');
    const different = new Set(ran);
    const missing = uids.filter((uid) => !different.has(uid)).length;
    if (missing > 0 || ran.length !== uids.length) {
      throw new Error(
        `${ran.length} runs for ${uids.length} accounts, none for ${missing} of them: the run does not count`,
      );
    }
  }
}
