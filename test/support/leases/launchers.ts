import type { Agenda, Random } from './agenda.ts';
import type { LeaseService } from './lease-service.ts';

/** A script. It goes on if its service dies, but not beyond its deadline. */
export interface Script {
  readonly uid: string;
  readonly service: LeaseService;
  readonly token: string;
}

export type HowEnded = 'ok' | 'temporary' | 'killed';

interface Running {
  readonly script: Script;
  readonly ended: (how: HowEnded) => void;
  deadline: number;
  /** Whether it was killed and has not ended yet. */
  dying: boolean;
}

export interface LauncherOptions {
  readonly killGrace: number;
  /** How long a script takes, in milliseconds. */
  readonly script: { readonly min: number; readonly max: number };
  /** Called with a script that is about to start, and with the running scripts of the same uid. */
  readonly onStart: (script: Script, beside: readonly Script[]) => void;
}

const CALM = 5_000;

/** The launchers of all hosts. Times are those of the agenda. */
export class Launchers {
  /** From now on scripts take some seconds at most, and succeed. */
  calm = false;
  readonly #running = new Set<Running>();
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #options: LauncherOptions;

  constructor(agenda: Agenda, random: Random, options: LauncherOptions) {
    this.#agenda = agenda;
    this.#random = random;
    this.#options = options;
  }

  /**
   * Starts a script, and calls `ended` when it has ended. If the deadline is over already, the
   * script counts as killed.
   */
  start(script: Script, deadline: number, ended: Running['ended']): void {
    if (deadline <= this.#agenda.now) {
      this.#agenda.after(0, () => ended('killed'));
      return;
    }
    this.#options.onStart(script, this.of(script.uid));
    const running = { script, ended, deadline, dying: false };
    this.#running.add(running);
    this.#watch(running);
    const { min, max } = this.#options.script;
    const longest = this.calm ? CALM : Infinity;
    const how = !this.calm && this.#random.oneIn(8) ? 'temporary' : 'ok';
    this.#agenda.after(Math.min(this.#random.between(min, max), longest), () => {
      if (!running.dying && this.#running.delete(running)) ended(how);
    });
  }

  extend(script: Script, deadline: number): void {
    for (const running of this.#running) {
      if (running.script !== script || deadline <= running.deadline) continue;
      running.deadline = deadline;
      this.#watch(running);
    }
  }

  /** Ends a script. It may take up to `killGrace` until the script is gone. */
  kill(script: Script): void {
    for (const running of this.#running) {
      if (running.script !== script || running.dying) continue;
      running.dying = true;
      this.#agenda.after(this.#random.between(0, this.#options.killGrace), () => {
        if (this.#running.delete(running)) running.ended('killed');
      });
    }
  }

  /** Ends at once all scripts that a dead service has left behind. */
  clear(service: LeaseService): void {
    for (const running of this.#running) if (running.script.service === service) this.#running.delete(running);
  }

  of(uid: string): readonly Script[] {
    return [...this.#running].filter(({ script }) => script.uid === uid).map(({ script }) => script);
  }

  #watch(running: Running): void {
    this.#agenda.at(running.deadline, () => {
      if (this.#agenda.now >= running.deadline) this.kill(running.script);
    });
  }
}
