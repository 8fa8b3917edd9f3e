import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { track } from './children.ts';

/**
 * A program that exchanges two names repeatedly until its standard input ends, and then prints how
 * often.
 */
const PROGRAM = `
import ctypes, os, select, sys
one, other, user = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
os.setgroups([]); os.setgid(user); os.setuid(user)
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
swaps = 0
print('ready', flush=True)
while True:
    for _ in range(50):
        if renameat2(-100, one, -100, other, 2) == 0: swaps += 1
    if select.select([sys.stdin], [], [], 0)[0]: break
print(swaps, flush=True)
`;

/**
 * A customer (user number 5000) who exchanges two of their own folders as fast as possible
 * (renameat2, RENAME_EXCHANGE).
 */
export async function swapFolders(one: string, other: string): Promise<{ stop(): Promise<number> }> {
  const child = track(spawn('python3', ['-c', PROGRAM, one, other, '5000'], { stdio: ['pipe', 'pipe', 'inherit'] }));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child.stdout, 'data');
  return {
    stop: async () => {
      child.stdin.end();
      await once(child, 'close');
      return Number(said.split('\n')[1]);
    },
  };
}
