import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The wall clock of other processes, by libfaketime. It can be set while they run. Their monotonic
 * clock stays right.
 */
export class FakeClock {
  readonly #file: string;

  /** `file` stores the offset of the clock, which is 0 at first. */
  constructor(file: string) {
    this.#file = file;
    this.setBy(0);
  }

  /** The environment of a process that has this clock. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets the clock ahead of the real time, rounded to seconds. */
  setBy(milliseconds: number): void {
    const seconds = Math.round(milliseconds / 1_000);
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Sets the clock to this time, to the second. It continues from there. */
  setTo(time: Date): void {
    this.setBy(time.getTime() - Date.now());
  }
}

/** The path of libfaketime on this architecture. */
function library(): string {
  const found = readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('libfaketime is missing: apt-get install faketime');
  return found;
}
