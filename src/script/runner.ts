import type { JobLease } from '../domain/job.ts';
import type { ScriptAccount } from './run-record.ts';

/** The stream of a line of output. */
export type OutputStream = 'stdout' | 'stderr';

/** Receives a line. `by` says who wrote it. The service's own lines say what it did or left out. */
export type OnLine = (stream: OutputStream, line: string, by: 'script' | 'service') => void;

/** One run of a site's script. */
export interface ScriptRequest {
  /** The account of the run. It is recorded, so that a later service can find the script. */
  readonly account: ScriptAccount;
  /**
   * Whether to run the script in a launcher of its own, as after a `lost` run. Then no other script
   * can be lost with it.
   */
  readonly alone?: boolean;
  /** The program (absolute, or searched in `env.PATH`) and its arguments. No shell is involved. */
  readonly command: readonly string[];
  /** The whole environment. The script inherits nothing from the service. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. The script need not read it. */
  readonly stdin: string | Buffer;
  /** The time from the script's start to SIGTERM to its process group. */
  readonly timeoutMilliseconds: number;
  /** The time from SIGTERM to SIGKILL to what is left of the group. */
  readonly killGraceMilliseconds: number;
  /**
   * Receives bounded, printable lines (see `OutputLines`). Is not called after the run has ended.
   * Must not throw.
   */
  readonly onLine: OnLine;
  /** An abort ends the group as the time limit does. */
  readonly signal: AbortSignal;
  /**
   * The lease under which the script runs. When the lease has lapsed, the group is killed, even if
   * this process is stopped.
   */
  readonly lease?: JobLease | undefined;
}

/** How a run ended. A `reason` also says what to do. */
export type ScriptResult =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** Ended by a signal that the runner did not send. */
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'aborted' }
  /** `code` is an errno name, such as ENOENT. `transient`: a later start may succeed. */
  | { readonly kind: 'notStarted'; readonly code: string; readonly transient: boolean; readonly reason: string }
  /**
   * The launcher died or hung. It is unknown what the script has done. Its process group has been
   * ended.
   */
  | { readonly kind: 'lost'; readonly reason: string };

/**
 * Runs scripts, each in its own session and process group. A run ends when the script's first
 * process has ended. Its background processes are left alone, even if they hold the output open.
 * After the time limit or an abort the run ends when the whole group is gone.
 */
export interface ScriptRunner {
  /** Never rejects for anything that a script or a request can cause. */
  run(request: ScriptRequest): Promise<ScriptResult>;
  /**
   * Releases the runner's resources. A run that has not ended is `lost`, and its group is ended.
   */
  close(): Promise<void>;
}
