import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Link } from './stream-sink.ts';

/**
 * Node.js has no datagram unix sockets, as /dev/log is one. So a relay in Perl, which every Debian
 * has, sends each line that it reads as one datagram. It repeats until the receiver accepts the
 * line, so that a restart of the receiver loses nothing. It ends at the end of its input, or when
 * the service is gone.
 */
const RELAY_PROGRAM = `
  use strict; use warnings; use Socket; use Errno 'EMSGSIZE';
  $SIG{$_} = 'IGNORE' for qw(PIPE INT TERM HUP);
  my ($path, $parent, $socket) = (shift, getppid);
  while (defined(my $line = <STDIN>)) {
    chomp $line;
    until ($socket && defined send $socket, $line, 0) {
      last if $socket && $! == EMSGSIZE;
      exit 1 if getppid != $parent;
      my $open = socket($socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($path));
      undef $socket if !$open;
      select undef, undef, undef, $open ? 0.01 : 0.2;
    }
  }
`;

/** One line for the relay. */
export function relayLine(message: Buffer): Buffer {
  return Buffer.concat([message, Buffer.from('\n')]);
}

/** Opens a link through a relay process to a datagram socket of this host. */
export function openUnixLink(path: string) {
  return (up: () => void, down: (reason: string) => void): Link => {
    const relay = spawn('perl', ['-e', RELAY_PROGRAM, path], { stdio: ['pipe', 'ignore', 'ignore'], env: {} });
    // Without free file descriptors it is undefined, despite its type; `error` then reports that.
    const stdin = relay.stdin ?? new PassThrough();
    relay.unref();
    relay.on('spawn', up);
    relay.on('error', (error) => down(error.message));
    relay.on('close', (code, signal) => down(`the helper process ended (${signal ?? code})`));
    stdin.on('error', () => relay.kill('SIGKILL'));
    return { stream: stdin, destroy: () => relay.kill('SIGKILL') };
  };
}
