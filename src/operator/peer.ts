import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { ALONE, PYTHON } from '../host/python-helper.ts';

/**
 * Prints the user at the other end of the Unix socket 3 (SO_PEERCRED, unix(7)): name and number.
 */
const PROGRAM = `
import pwd, socket, struct
peer = socket.socket(fileno=3)
_, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
try:
    print(f"{pwd.getpwuid(uid).pw_name} ({uid})")
except KeyError:
    print(f"uid {uid}")
`;

const TIMEOUT = 2_000;
const LONGEST_ANSWER = 200;

/**
 * Resolves to the user at the other end of a Unix socket, as the kernel knows it: `alice (1000)`.
 * Resolves to undefined if the user cannot be determined. Python is used because Node.js cannot
 * read SO_PEERCRED.
 */
export function peerOf(socket: Socket, interpreter = PYTHON): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      // The socket must not be one of the first three descriptors, because those would become
      // blocking.
      const child = spawn(interpreter, [...ALONE, '-c', PROGRAM], {
        stdio: ['ignore', 'pipe', 'ignore', socket],
        cwd: '/',
        env: { LC_ALL: 'C' },
        timeout: TIMEOUT,
      });
      let said = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(0, LONGEST_ANSWER);
      });
      child.once('error', () => resolve(undefined));
      child.once('close', (code) => resolve(code === 0 && said.trim() !== '' ? said.trim() : undefined));
    } catch {
      resolve(undefined);
    }
  });
}
