import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { type DirectoryOperations, operationsAt } from '../../src/ldap/operations.ts';
import { ACCOUNTS_DN, accountDn } from '../../src/sandbox/tree.ts';
import { walk } from '../../src/sandbox/walk.ts';
import { walkWrites } from '../../src/sandbox/walk-writes.ts';
import { type Embedded, startEmbedded } from '../support/embedded-directory.ts';

const UID = '3724300';

/** The walk, with the test in place of the service. */
describe('the walk', () => {
  let server: Embedded;
  let directory: DirectoryOperations;
  let listeners: Array<(event: PublishedEvent) => void>;
  let told: string[];
  let ended: AbortController;
  beforeEach(async () => {
    server = await startEmbedded();
    const { url, dn, password } = server.login;
    const access: DirectoryAccess = {
      urls: [url],
      startTls: false,
      tls: { caFile: null, client: null },
      authentication: { method: 'simple', dn, readPassword: () => Promise.resolve(password) },
      timeoutMilliseconds: 10_000,
    };
    directory = operationsAt(access, url, ACCOUNTS_DN);
    listeners = [];
    told = [];
    ended = new AbortController();
  });
  afterEach(async () => {
    directory.close();
    await server.stop();
  });

  const walking = () =>
    walk({
      uid: UID,
      writes: walkWrites(UID, (uid) => `/homes/${uid}`),
      directory,
      listen: (listener) => {
        listeners.push(listener);
        return () => {
          listeners = listeners.filter((other) => other !== listener);
        };
      },
      printer: {
        announce: (number, { title }) => told.push(`${number} ${title}`),
        result: ([mode = 'gone'], milliseconds) =>
          told.push(`${mode}, ${milliseconds === undefined ? 'not ' : ''}timed`),
      },
      monotonic: () => performance.now(),
      signal: ended.signal,
    });
  const say = (event: object) => {
    const account = { time: '2026-01-01T00:00:00.000Z', uid: UID, dn: accountDn(UID), mode: 'add' };
    for (const listener of listeners) listener({ ...account, ...event } as PublishedEvent);
  };
  /** Waits for the request, and writes what the service would write. */
  const finish = async (requested: string, finished: string) => {
    await server.waitForMode(UID, requested);
    await server.modify(accountDn(UID), { sstProvisioningMode: finished, sstProvisioningState: '20260101T000000Z' });
    say({ event: 'finished', state: '20260101T000000Z', milliseconds: 1 });
  };

  it('leads an account through its life, and prints each write and its result', async () => {
    const walk = walking();
    await finish('add', 'added');
    await finish('modify', 'modified');
    await finish('delete', 'deleted');
    await walk;
    expect(told).toEqual([
      ...['1 Add', 'sstProvisioningMode: added, timed', '2 Modify', 'sstProvisioningMode: modified, timed'],
      ...['3 Delete', 'sstProvisioningMode: deleted, timed', '4 Remove', 'gone, not timed'],
    ]);
    expect(listeners).toEqual([]);
  });

  it('ends with the reason when the service fails', async () => {
    const walk = walking();
    const outcome = expect(walk).rejects.toThrow('the service failed: no space left');
    await server.waitForMode(UID, 'add');
    say({ event: 'failed', uid: 'another', returnValue: 5, reason: 'of another account', step: 'script' });
    say({ event: 'failed', returnValue: 5, reason: 'no space left', step: 'script' });
    await outcome;
    expect(listeners).toEqual([]);
  });

  it('ends when the directory does not say what the service said', async () => {
    const outcome = expect(walking()).rejects.toThrow('the account is add, not added');
    await server.waitForMode(UID, 'add');
    say({ event: 'finished', state: '20260101T000000Z', milliseconds: 1 });
    await outcome;
  });

  it('ends when it is asked to', async () => {
    const outcome = expect(walking()).rejects.toThrow('enough');
    await server.waitForMode(UID, 'add');
    ended.abort(new Error('enough'));
    await outcome;
    expect(listeners).toEqual([]);
  });
});
