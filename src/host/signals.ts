/** The reactions to signals. */
export interface Reactions {
  /** For SIGTERM and SIGINT. */
  readonly stop: () => void;
  /** For SIGHUP. */
  readonly hangUp: () => void;
}

export interface Signals {
  /** Replaces the reactions to the signals. */
  setReactions(reactions: Reactions): void;
}

/**
 * Handles SIGTERM, SIGINT and SIGHUP until the process ends, so that none of them ends it by
 * default. Before `setReactions` is called, nothing has been started. Until then SIGTERM and SIGINT
 * end the process with exit code 0, and SIGHUP does nothing.
 */
export function handleSignals(): Signals {
  let reactions: Reactions = exitOnStop(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => reactions.stop());
  process.on('SIGHUP', () => reactions.hangUp());
  return {
    setReactions: (next) => {
      reactions = next;
    },
  };
}

/**
 * The reactions for a time in which no work has to be completed: SIGTERM and SIGINT end the process
 * at once with this exit code.
 */
export function exitOnStop(exitCode: number): Reactions {
  return { stop: () => process.exit(exitCode), hangUp: () => {} };
}
