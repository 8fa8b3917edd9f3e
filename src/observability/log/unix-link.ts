import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Link } from './stream-sink.ts';

/**
 * Node.js has no datagram sockets of the kind of /dev/log. A few lines of Perl, which every Debian has, send what they
 * read: each line one datagram, tried again until the receiver takes it, so that a restart of the receiver loses nothing.
 * They end with their input, or when nobody is left who could end it.
 */
const RELAY = `
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

/** A message for the relay: one line. */
export function lineOf(message: Buffer): Buffer {
  return Buffer.concat([message, Buffer.from('\n')]);
}

/** A helper process that passes messages on to a datagram socket of this host. */
export function openUnixLink(path: string) {
  return (up: () => void, down: (reason: string) => void): Link => {
    const relay = spawn('perl', ['-e', RELAY, path], { stdio: ['pipe', 'ignore', 'ignore'], env: {} });
    // Undefined, whatever the type says, where files are short: then `error` says so.
    const stdin = relay.stdin ?? new PassThrough();
    relay.unref();
    relay.on('spawn', up);
    relay.on('error', (error) => down(error.message));
    relay.on('close', (code, signal) => down(`the helper process ended (${signal ?? code})`));
    stdin.on('error', () => relay.kill('SIGKILL'));
    return { stream: stdin, destroy: () => relay.kill('SIGKILL') };
  };
}
