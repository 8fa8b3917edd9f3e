/**
 * A service's lock in its own process, which can be killed and can race others.
 *
 * `node --import tsx lock-holder.ts FOLDER INSTANCES BASE` prints `ready`, waits for a line, and
 * takes the lock. Then it prints `refused`, or `held` with the pid of a child process, which
 * survives if this one is killed. The end of its input ends both.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { InstanceLock } from '../../src/lock/instance-lock.ts';
import { LockTable } from '../../src/lock/lock-table.ts';
import { EntryConnection } from '../support/entry-connection.ts';

const [folder = '', instances = '', base = ''] = process.argv.slice(2);
const say = (word: string): void => {
  process.stdout.write(`${word}\n`);
};
const lock = new InstanceLock(new LockTable(folder), {
  instances: instances === 'several' ? 'several' : 'one',
  base,
  recheckMilliseconds: 60_000,
  refused: () => say('refused'),
  notice: say,
});
const input = createInterface({ input: process.stdin });
say('ready');
await once(input, 'line');
await lock.admit(new EntryConnection({ [base]: { entryUUID: base } })).then(
  () => {
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    input.once('close', () => child.kill());
    say(`held ${child.pid}`);
  },
  () => {},
);
await once(input, 'close');
await lock.release();
