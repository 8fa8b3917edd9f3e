import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One line of the script's journal. */
export interface Recorded {
  /** `overlap`: another run for the same uid was still alive when this one began. */
  readonly what: 'start' | 'end' | 'overlap';
  readonly mode: string;
  readonly uid: string;
  readonly resumed: boolean;
  readonly pid: number;
}

/**
 * A site's script that records its start and end, holds a lock for each uid while it runs, and
 * waits and exits as the test says.
 */
export class RecordingScript {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(folder: string): Promise<RecordingScript> {
    const own = join(folder, 'script');
    await mkdir(own);
    await writeFile(join(own, 'run'), SCRIPT, { mode: 0o755 });
    await writeFile(join(own, 'journal'), '');
    return new RecordingScript(own);
  }

  /** For the setting `script.command`. */
  get command(): readonly string[] {
    return [join(this.#folder, 'run'), this.#folder, '{mode}', '{uid}'];
  }

  /** The journal so far, for one uid or all. */
  journal(uid?: string): Recorded[] {
    const lines = readFileSync(join(this.#folder, 'journal'), 'utf8').split('\n').slice(0, -1);
    const all = lines.map((line): Recorded => {
      const [what = '', mode = '', of = '', resumed = '', pid = ''] = line.split(' ');
      return { what: what as Recorded['what'], mode, uid: of, resumed: resumed === '1', pid: Number(pid) };
    });
    return uid === undefined ? all : all.filter((each) => each.uid === uid);
  }

  starts(uid: string): Recorded[] {
    return this.journal(uid).filter(({ what }) => what === 'start');
  }

  overlaps(): Recorded[] {
    return this.journal().filter(({ what }) => what === 'overlap');
  }

  /** Makes the script wait after the recorded start of this uid, until `release`. */
  async hold(uid: string): Promise<void> {
    await writeFile(this.#holdFile(uid), '');
  }

  async release(uid: string): Promise<void> {
    await rm(this.#holdFile(uid), { force: true });
  }

  isHeld(uid: string): boolean {
    return existsSync(this.#holdFile(uid));
  }

  /** Sets the exit code for this uid. */
  async exitWith(uid: string, code: number): Promise<void> {
    await writeFile(join(this.#folder, `exit-${uid}`), String(code));
  }

  /** Waits until the script has been started this number of times for the uid. */
  async started(uid: string, times = 1, timeout = 20_000): Promise<void> {
    await this.until(() => this.starts(uid).length >= times, `${uid} to be started ${times} times`, timeout);
  }

  async until(wanted: () => boolean, what: string, timeout = 20_000): Promise<void> {
    const deadline = Date.now() + timeout;
    while (!wanted()) {
      if (Date.now() > deadline)
        throw new Error(`waited in vain for ${what}; recorded: ${JSON.stringify(this.journal())}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #holdFile(uid: string): string {
    return join(this.#folder, `hold-${uid}`);
  }
}

// Making a link is atomic, so the lock always names its owner. The lock of a killed run is stale.
const SCRIPT = `#!/bin/sh
control=$1 mode=$2 uid=$3
lock=$control/lock-$uid
note() { echo "$1 $mode $uid \${PROV_RESUMED:-0} $$" >> "$control/journal"; }
echo $$ > "$control/own-$$"
until ln "$control/own-$$" "$lock" 2>/dev/null; do
  other=$(cat "$lock" 2>/dev/null)
  if [ -n "$other" ] && grep -qv ') Z' "/proc/$other/stat" 2>/dev/null; then
    note overlap
    break
  fi
  rm -f "$lock"
done
note start
while [ -e "$control/hold-$uid" ]; do sleep 0.01; done
code=0
[ -e "$control/exit-$uid" ] && code=$(cat "$control/exit-$uid")
note end
rm -f "$lock" "$control/own-$$"
exit "$code"
`;
