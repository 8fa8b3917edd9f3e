import { defined } from '../domain/defined.ts';
import type { JobLease } from '../domain/job.ts';
import { needDescriptors, Shortage, shortageWords } from '../host/shortage.ts';
import { Ending } from './ending.ts';

export interface CommandOptions {
  readonly timeoutMilliseconds: number;
  /** The time between SIGTERM and SIGKILL to the command's process group. */
  readonly killGraceMilliseconds?: number;
  readonly signal: AbortSignal;
  /**
   * The lease under which the command runs. When it lapses, the command is killed, even if this
   * process is stopped.
   */
  readonly lease?: JobLease | undefined;
  /** Added to PATH, LANG and TZ. Nothing else of the service's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How a command ended. `output` is the beginning of its standard output, `complaint` that of its
 * standard error.
 */
export type CommandResult = { readonly output: string; readonly complaint: string } & (
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'timedOut'; readonly milliseconds: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'notStarted'; readonly code: string }
);

/**
 * Runs a program without a shell and waits for its end. Rejects only with a Shortage, and then it
 * has started nothing.
 */
export type RunCommand = (command: readonly string[], options: CommandOptions) => Promise<CommandResult>;

const KILL_GRACE = 5_000;
/** The shortest time limit for timeout(1), in milliseconds. A limit of 0 would mean no limit. */
const MINIMUM_LEASE = 1;
/**
 * How long output is read after the command has ended, in milliseconds, if a child of it holds the
 * pipe open.
 */
const DRAIN = 500;
/**
 * How long it may take, in milliseconds, until the kernel has ended killed processes and a busy
 * machine has noticed it.
 */
const SEEN_WITHIN = 1_000;
const OUTPUT_LIMIT = 16 * 1024;
/**
 * The number of descriptors that a command may need: two pipes with two ends each, two descriptors
 * that report the start, and as many again for other files that are opened meanwhile.
 */
const MOST_DESCRIPTORS = 12;
/** The longest excerpt of a command's own output in a reason, in characters. */
const LONGEST_FAILURE_TEXT = 400;
/** The folders of setquota and similar commands. The PATH of a service manager may lack them. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Runs a short system command that a step needs (getent, setquota, rsnapshot), without shell and
 * standard input. It has its own process group, which is ended at the time limit or when the
 * service stops. The first 16 KiB of each output stream are kept.
 */
export const runCommand: RunCommand = async (command, options) => {
  const [file = '', ...args] = underLease(command, options.lease);
  const { execa } = await import('execa'); // loads a hundred modules that most sites never need
  if (options.signal.aborted || (options.lease?.remaining() ?? 1) <= 0)
    return { kind: 'aborted', output: '', complaint: '' };
  // Without enough descriptors execa throws and leaves a child process without a listener for its
  // `error` event. That would end the service.
  needDescriptors(MOST_DESCRIPTORS);
  const child = execa(file, args, {
    stdin: 'ignore',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
    extendEnv: false,
    env: { ...commandEnvironment(process.env), ...options.env },
  });
  const output = collectText(child.stdout);
  const complaint = collectText(child.stderr);

  const ending = new Ending({ killGraceMilliseconds: KILL_GRACE, ...options });
  if (child.pid !== undefined) ending.started(child.pid);
  child.once('exit', () => {
    void ending.finish();
    const drain = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN);
    child.once('close', () => clearTimeout(drain));
  });

  const result = await child;
  const ended = await ending.finish();
  const texts = { output: output(), complaint: complaint() };
  if (ended === 'timedOut') return { kind: 'timedOut', milliseconds: options.timeoutMilliseconds, ...texts };
  if (ended === 'aborted') return { kind: 'aborted', ...texts };
  if (result.exitCode !== undefined) return { kind: 'exited', exitCode: result.exitCode, ...texts };
  if (result.signal !== undefined) return { kind: 'signaled', signal: result.signal, ...texts };
  const shortage = shortageWords(result.code);
  if (shortage !== undefined) throw new Shortage(`${file} could not be started: ${shortage.problem}`, shortage.remedy);
  return { kind: 'notStarted', code: result.code ?? 'UNKNOWN', ...texts };
};

/**
 * Runs the command through timeout(1), which keeps the time limit even if this process is stopped.
 */
function underLease(command: readonly string[], lease: JobLease | undefined): readonly string[] {
  if (lease === undefined) return command;
  const seconds = Math.max(lease.remaining(), MINIMUM_LEASE) / 1_000;
  return ['timeout', '--foreground', '--signal=KILL', seconds.toFixed(3), ...command];
}

/**
 * The longest time in milliseconds that a command takes to end after its time limit or an abort.
 * Only the kernel can delay it longer.
 */
export function endsWithin(killGraceMilliseconds: number = KILL_GRACE): number {
  return killGraceMilliseconds + DRAIN + SEEN_WITHIN;
}

/** The PATH of these commands: the absolute folders of `base`, then the missing system folders. */
export function commandPath(base: NodeJS.ProcessEnv): string {
  const folders = (base['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  return [...folders, ...SYSTEM_PATH.filter((folder) => !folders.includes(folder))].join(':');
}

function commandEnvironment(base: NodeJS.ProcessEnv): Record<string, string> {
  const zone = base['TZ'];
  return {
    PATH: commandPath(base),
    LANG: base['LANG'] ?? 'C.UTF-8',
    ...defined({ TZ: zone }),
  };
}

function collectText(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - length));
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/**
 * Returns the lines that a program marks as errors. rsnapshot, for one, prints them below a banner.
 * Without such lines the whole text is returned.
 */
function failureText(text: string): string {
  const lines = text.split('\n').filter((line) => !/^(?:ERROR:)?[\s=*-]*$/.test(line));
  const errors = lines.filter((line) => /^\s*(?:error|fatal)\b/i.test(line));
  const words = (errors.length > 0 ? errors : lines).map((line) => line.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim());
  return words.join(' ').slice(0, LONGEST_FAILURE_TEXT);
}

/**
 * Describes a failed command in one sentence, for the reason of a failed step. The command's own
 * output is part of it, cut and without control characters.
 */
export function describeCommand(command: readonly string[], result: CommandResult): string {
  const name = command[0] ?? '';
  const words = failureText(result.complaint.trim() || result.output.trim());
  const suffix = words === '' ? '' : `: ${words}`;
  switch (result.kind) {
    case 'exited':
      return `${name} ended with exit code ${result.exitCode}${suffix}`;
    case 'signaled':
      return `${name} was ended by ${result.signal}${suffix}`;
    case 'timedOut':
      return `${name} did not end within ${result.milliseconds} ms and was stopped${suffix}`;
    case 'aborted':
      return `${name} was stopped because the service stops`;
    case 'notStarted':
      return `${name} cannot be started (${result.code}): install it, or correct its path in the configuration`;
  }
}
