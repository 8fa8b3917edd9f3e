import { type ChildProcess, spawn } from 'node:child_process';

/** Tells the service manager how the service fares (sd_notify(3)). */
export interface SystemdNotifier {
  ready(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  stopping(): void;
  close(): void;
}

const SILENT: SystemdNotifier = { ready() {}, status() {}, stopping() {}, close() {} };

/**
 * Datagrams to the manager's socket, one for each line of standard input; Node.js itself has no datagram sockets of that
 * family. A leading @ names the abstract namespace.
 */
const SENDER = [
  'use Socket;',
  'my $path = $ENV{NOTIFY_SOCKET}; $path =~ s/^@/\\0/;',
  'socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die $!;',
  'while (my $line = <STDIN>) { chomp $line; send($socket, $line, 0, pack_sockaddr_un($path)); }',
].join(' ');

/**
 * The notifier for this process: silent where no manager listens (NOTIFY_SOCKET). With WATCHDOG_USEC it says twice in that
 * time that the event loop turns; when it no longer does, the manager finds out. `failed` is told where nothing can be sent.
 */
export function createSystemdNotifier(
  env: Readonly<Record<string, string | undefined>>,
  failed: (reason: string) => void,
): SystemdNotifier {
  const { NOTIFY_SOCKET: address = '', PATH = '/usr/bin:/bin' } = env;
  if (address === '') return SILENT;
  const child: ChildProcess = spawn('perl', ['-e', SENDER], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { NOTIFY_SOCKET: address, PATH },
  });
  child.on('error', (error) => failed(`the service manager cannot be notified: perl: ${error.message}`));
  child.stdin?.on('error', () => {}); // its end is told by the child
  const send = (line: string): void => {
    child.stdin?.write(`${line.replaceAll(/[\r\n]+/g, ' ')}\n`);
  };
  const watchdog = watchdogOf(env);
  const timer = watchdog === undefined ? undefined : setInterval(() => send('WATCHDOG=1'), watchdog / 2);
  timer?.unref();
  return {
    ready: () => send('READY=1'),
    status: (text) => send(`STATUS=${text}`),
    stopping: () => send('STOPPING=1'),
    close: () => {
      clearInterval(timer);
      child.stdin?.end();
    },
  };
}

/** The watchdog's time in milliseconds, where it is meant for this process. */
function watchdogOf(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC']);
  const pid = env['WATCHDOG_PID'];
  const forUs = pid === undefined || pid === '' || Number(pid) === process.pid;
  return forUs && Number.isFinite(microseconds) && microseconds >= 1_000 ? microseconds / 1_000 : undefined;
}
