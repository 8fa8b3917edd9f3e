import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { AlreadyRunning, lockInstance } from '../src/instance-lock.ts';

const URL_ = `ldap://${process.pid}.example.org`;
const BASE = 'ou=accounts,dc=example,dc=org';
const held: Array<() => void> = [];

async function lock(urls: readonly string[], base = BASE): Promise<void> {
  held.push(await lockInstance(urls, base));
}

/** Resolves once the lock may have been freed: a closing takes a turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

afterEach(async () => {
  for (const release of held.splice(0)) release();
  await turn();
});

describe('the lock of a service', () => {
  it('refuses a second one for the same directory and base, however they are written', async () => {
    await lock([`${URL_}/`]);
    await expect(lockInstance([URL_.toUpperCase()], 'OU=Accounts, DC=example , dc=org')).rejects.toThrow(
      AlreadyRunning,
    );
  });

  it('refuses one that shares but one of the servers, and then holds none of the others', async () => {
    await lock([URL_]);
    await expect(lockInstance(['ldap://other', URL_], BASE)).rejects.toThrow('instances: several');
    await turn();
    await lock(['ldap://other']);
  });

  it('lets one pass for another base or another directory', async () => {
    await lock([URL_]);
    await lock([URL_], 'ou=others,dc=example,dc=org');
    await lock(['ldap://another']);
  });

  it('is free again after its release', async () => {
    const release = await lockInstance([URL_], BASE);
    release();
    await turn();
    await lock([URL_]);
  });

  it('is held by another process, and freed by its end, however that comes', async () => {
    const child = await holder();
    await expect(lockInstance([URL_], BASE)).rejects.toThrow(AlreadyRunning);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await lock([URL_]);
  });
});

/** A process that holds the lock. */
async function holder(): Promise<ChildProcess> {
  const source = `
    import { createHash } from 'node:crypto';
    import { createServer } from 'node:net';
    const hash = createHash('sha256').update(process.argv[1] + '\\n' + process.argv[2]).digest('hex').slice(0, 32);
    createServer().listen({ path: '\\0prov-backup-rsnapshot-' + hash }, () => console.log('held'));`;
  const args = ['--input-type=module', '-e', source, URL_, BASE];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}
