import type { ScriptAccount } from './run-record.ts';

/** Where a line of output came from. */
export type OutputStream = 'stdout' | 'stderr';

/** One run of a site's script. */
export interface ScriptRequest {
  /** For whom it runs: by it a later service knows what this one left behind. */
  readonly account: ScriptAccount;
  /** With nothing beside it that dies with it, as where a run was `lost` before. */
  readonly alone?: boolean;
  /** The program (absolute, or searched in `env.PATH`) and its arguments; given to the kernel as they are, no shell. */
  readonly command: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which then ends. A script that does not read it is no error. */
  readonly stdin: string | Buffer;
  /** So long after the script's start its process group gets SIGTERM. */
  readonly timeoutMilliseconds: number;
  /** What is left of the group so long after SIGTERM gets SIGKILL. */
  readonly killGraceMilliseconds: number;
  /** Bounded, printable lines (see `OutputLines`); never called after the run has ended. Must not throw. */
  onLine(stream: OutputStream, line: string): void;
  /** Ends the group as the time limit does. */
  readonly signal: AbortSignal;
}

/** How a run ended; `reason` says what to do about it. */
export type ScriptResult =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** Ended by a signal that was not the runner's. */
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'aborted' }
  /** `code` is an errno name: ENOENT, EACCES, ENOEXEC, E2BIG, EAGAIN, ...; `transient`: it may be gone later. */
  | { readonly kind: 'notStarted'; readonly code: string; readonly transient: boolean; readonly reason: string }
  /** The helper that ran it died or hung: what the script did is unknown; its process group has been ended. */
  | { readonly kind: 'lost'; readonly reason: string };

/**
 * Runs scripts, each in a session and process group of its own. A run ends when the script itself has ended: a child that it
 * left in the background is left alone, even where it holds the output open. After a time limit or an abort the run ends
 * when the whole group is gone.
 */
export interface ScriptRunner {
  /** Never rejects for what a script or a request can cause. */
  run(request: ScriptRequest): Promise<ScriptResult>;
  /** Frees what the runner holds, once its runs have ended; a run that has not is `lost`, and its group ended. */
  close(): Promise<void>;
}
