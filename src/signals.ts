/** What the signals do. */
export interface Reactions {
  /** SIGTERM and SIGINT. */
  readonly stop: () => void;
  /** SIGHUP. */
  readonly hangUp: () => void;
}

export interface Signals {
  /** From now on they do this. */
  mean(reactions: Reactions): void;
}

/**
 * Hears SIGTERM, SIGINT and SIGHUP from now to the end of the process, so that none of them ever ends it by itself. Until they
 * are given a meaning nothing has been started: SIGTERM and SIGINT end the process with exit code 0, and SIGHUP finds nothing to reload.
 */
export function hearSignals(): Signals {
  let reactions: Reactions = endWith(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => reactions.stop());
  process.on('SIGHUP', () => reactions.hangUp());
  return {
    mean: (next) => {
      reactions = next;
    },
  };
}

/** Where all that is left to do may as well be left out: SIGTERM and SIGINT end the process at once, with this exit code. */
export function endWith(exitCode: number): Reactions {
  return { stop: () => process.exit(exitCode), hangUp: () => {} };
}
