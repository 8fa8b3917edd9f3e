import { type ChildProcess, spawn } from 'node:child_process';

/** Lines to the service manager's socket, each one datagram. */
export interface Sender {
  /** Never waits and never throws. What is sent while there is no helper process is lost. */
  send(line: string): void;
  /** Nothing is sent afterwards; what was sent still arrives. */
  close(): void;
}

export interface SenderOptions {
  /** NOTIFY_SOCKET: a path; a leading @ names the abstract namespace. */
  readonly address: string;
  /** PATH, where perl is looked for. */
  readonly path: string;
  /** Told why the helper process ended, once until one has lasted. */
  readonly failed: (reason: string) => void;
  /** Another helper process has been started: what the manager must know is to be sent again. */
  readonly again: () => void;
}

/** Node.js has no datagram sockets of this family. */
const PROGRAM = `
  use Socket;
  $SIG{$_} = 'IGNORE' for qw(PIPE INT TERM HUP);
  my $path = $ENV{NOTIFY_SOCKET}; $path =~ s/^@/\\0/;
  socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die $!;
  while (my $line = <STDIN>) { chomp $line; send($socket, $line, 0, pack_sockaddr_un($path)); }
`;

const FIRST_PAUSE = 100;
/** A helper process that lasted as long is taken to work. */
const LONGEST_PAUSE = 5_000;

/**
 * A helper process that sends what it reads. Signals to the service, to its terminal or to all of its unit leave it alone: it
 * ends with its input. States: `sending` → (it ended all the same) → `pausing`, longer each time → `sending`; `closed` from both.
 */
export function openSender({ address, path, failed, again }: SenderOptions): Sender {
  let child: ChildProcess | undefined;
  let pause = FIRST_PAUSE;
  let told = false;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const start = (): void => {
    const startedAt = performance.now();
    const ended = (reason: string): void => {
      if (closed) return;
      child = undefined;
      if (performance.now() - startedAt > LONGEST_PAUSE) {
        pause = FIRST_PAUSE;
        told = false;
      }
      if (!told) failed(reason);
      told = true;
      retry = setTimeout(restart, pause);
      retry.unref();
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
    const started = spawn('perl', ['-e', PROGRAM], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { NOTIFY_SOCKET: address, PATH: path },
    });
    child = started;
    started.on('error', (error) => {
      if (started.pid === undefined) ended(`perl: ${error.message}`);
    });
    started.on('exit', (code, signal) => ended(`the helper process ended (${signal ?? code})`));
    started.stdin?.on('error', () => {}); // its end is told by the child
  };
  const restart = (): void => {
    start();
    again();
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
