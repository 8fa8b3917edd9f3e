import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The wall clock of other processes, by libfaketime: set at any moment while they run. Their monotonic clock stays right. */
export class FakeClock {
  readonly #file: string;

  /** `file`: where the clock is kept; it is right at first. */
  constructor(file: string) {
    this.#file = file;
    this.setBy(0);
  }

  /** For the process whose clock it is to be. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** So many milliseconds ahead of the real time, in whole seconds. */
  setBy(milliseconds: number): void {
    const seconds = Math.round(milliseconds / 1_000);
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** It is now this time, to the second, and goes on from there. */
  setTo(time: Date): void {
    this.setBy(time.getTime() - Date.now());
  }
}

/** libfaketime, wherever this architecture has it. */
function library(): string {
  const found = readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('libfaketime is missing: apt-get install faketime');
  return found;
}
