import { type ChildProcess, spawn } from 'node:child_process';

/** Sends lines to the service manager's socket, each as one datagram. */
export interface Sender {
  /** Never blocks and never throws. A line sent while no helper process runs is lost. */
  send(line: string): void;
  /** Stops sending. Lines that were sent before still arrive. */
  close(): void;
}

export interface SenderOptions {
  /** NOTIFY_SOCKET: a path. A leading @ means the abstract namespace. */
  readonly address: string;
  /** PATH, to find perl. */
  readonly path: string;
  /**
   * Called when the helper process ends, with the reason. Not called again until one has run for
   * `LONGEST_PAUSE`.
   */
  readonly failed: (reason: string) => void;
  /** Called when another helper process was started: the caller sends the current state again. */
  readonly restarted: () => void;
}

/** A helper in Perl, as Node.js has no datagram unix sockets. */
const HELPER_PROGRAM = `
  use Socket;
  $SIG{$_} = 'IGNORE' for qw(PIPE INT TERM HUP);
  my $path = $ENV{NOTIFY_SOCKET}; $path =~ s/^@/\\0/;
  socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die $!;
  while (my $line = <STDIN>) { chomp $line; send($socket, $line, 0, pack_sockaddr_un($path)); }
`;

const FIRST_PAUSE = 100;
/** Milliseconds. A helper process that runs longer than this is taken to work. */
const LONGEST_PAUSE = 5_000;

/**
 * Starts a helper process that sends the lines that it reads. It ignores signals to the service's
 * terminal or unit, and ends at the end of its input.
 *
 * States: `sending` -> `pausing` (the helper ended; the pause doubles each time) -> `sending`.
 * `closed`, from both.
 */
export function openSender({ address, path, failed, restarted }: SenderOptions): Sender {
  let child: ChildProcess | undefined;
  let pause = FIRST_PAUSE;
  let reported = false;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const start = (): void => {
    const startedAt = performance.now();
    const ended = (reason: string): void => {
      if (closed) return;
      child = undefined;
      if (performance.now() - startedAt > LONGEST_PAUSE) {
        pause = FIRST_PAUSE;
        reported = false;
      }
      if (!reported) failed(reason);
      reported = true;
      retry = setTimeout(restart, pause);
      retry.unref();
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
    const started = spawn('perl', ['-e', HELPER_PROGRAM], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { NOTIFY_SOCKET: address, PATH: path },
    });
    child = started;
    started.on('error', (error) => {
      if (started.pid === undefined) ended(`perl: ${error.message}`);
    });
    started.on('exit', (code, signal) => ended(`the helper process ended (${signal ?? code})`));
    started.stdin?.on('error', () => {}); // `exit` reports that
  };
  const restart = (): void => {
    start();
    restarted();
  };

  start();
  return {
    send: (line) => {
      child?.stdin?.write(`${line}\n`);
    },
    close: () => {
      closed = true;
      clearTimeout(retry);
      child?.stdin?.end();
    },
  };
}
