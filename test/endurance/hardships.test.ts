import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ldapjs from 'ldapjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../faults/world.ts';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { bind } from '../support/test-directory.ts';

const CONFIG = { dn: 'cn=admin,cn=config', password: 'config-secret' };
const DATABASE = 'olcDatabase={1}mdb,cn=config';
/** Nothing here takes more than a few seconds, except on a busy machine. */
const TIMEOUT_MILLISECONDS = 40_000;
const SYNCPROV = `olcOverlay={0}syncprov,${DATABASE}`;

let world: World;
let folder: string;
let passwordFile: string;

beforeEach(() => begin());
afterEach(() => end());

async function begin(reconnect: Readonly<Record<string, string>> = {}): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'hardships-'));
  passwordFile = join(folder, 'password');
  await writeFile(passwordFile, SERVICE_PASSWORD, { mode: 0o600 });
  world = await startWorld({
    slapd: { globalLines: ['database config', `rootdn "${CONFIG.dn}"`, `rootpw ${CONFIG.password}`] },
    settings: { directory: { bindPasswordFile: passwordFile, bindPassword: null, requestTimeout: '1s' }, reconnect },
  });
  await world.connected();
}

async function end(): Promise<void> {
  await world.stop();
  await rm(folder, { recursive: true, force: true });
}

async function says(pattern: RegExp): Promise<void> {
  await expect.poll(() => world.service.output, { timeout: TIMEOUT_MILLISECONDS }).toMatch(pattern);
}

/** Runs `work` with a connection to the running server's own configuration. */
async function withConfig<T>(work: (client: ldapjs.Client) => Promise<T>): Promise<T> {
  const client = await bind({ url: world.slapd.url, ...CONFIG });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

function settled(operation: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => operation((error) => (error ? reject(error) : resolve())));
}

function configure(dn: string, attribute: string, values: readonly string[]): Promise<void> {
  const modification = new ldapjs.Attribute({ type: attribute, values: [...values] });
  const change = new ldapjs.Change({ operation: 'replace', modification });
  return withConfig((client) => settled((done) => client.modify(dn, [change], done)));
}

function accessRules(): Promise<string[]> {
  return withConfig(
    (client) =>
      new Promise((resolve, reject) => {
        client.search(DATABASE, { scope: 'base', attributes: ['olcAccess'] }, (error, response) => {
          if (error) return reject(error);
          response.on('error', reject);
          response.on('searchEntry', (entry) => resolve([...(entry.attributes[0]?.values ?? [])] as string[]));
        });
      }),
  );
}

async function asked(mode: 'add' | 'modify' = 'add'): Promise<string> {
  const uid = await world.account();
  await world.ask(uid, mode);
  return uid;
}

async function doneOnce(uid: string, mode: 'add' | 'modify' = 'add'): Promise<void> {
  await world.finished(uid, mode, TIMEOUT_MILLISECONDS);
  expect(world.script.starts(uid)).toHaveLength(1);
}

describe('a service', { timeout: 2 * TIMEOUT_MILLISECONDS }, () => {
  it('notices a silent black hole while nothing happens, and does what was asked meanwhile', async () => {
    for (const { up, down } of world.proxy.open) {
      up.swallow();
      down.swallow();
    }
    const uid = await asked();
    await says(/disconnected.*silent peer.*connected to again by itself/);
    await doneOnce(uid);
  });

  it('does its work where only the connection for writes is swallowed', async () => {
    const [, ...others] = world.proxy.open;
    for (const { up, down } of others) {
      up.swallow();
      down.swallow();
    }
    const uid = await asked();
    await says(/retrying.*no answer .*check the network and the firewalls/);
    await doneOnce(uid);
  });

  it('does not stumble over a connection for requests that the server closes when it is idle', async () => {
    await end();
    // A probe would keep the connection from being idle.
    await begin({ deadAfter: '1m' });
    await configure('cn=config', 'olcIdleTimeout', ['1']);
    for (let job = 0; job < 2; job += 1) {
      await doneOnce(await asked());
      await expect.poll(() => world.proxy.open.length, { timeout: TIMEOUT_MILLISECONDS }).toBe(1);
    }
    await doneOnce(await asked());
    expect(world.service.output).not.toMatch(/retrying|disconnected/);
  });

  it('goes on after the base was deleted and created again', async () => {
    await world.slapd.delete(BASE);
    await says(/disconnected.*no such object \(32\).*the base does not exist/);
    await world.slapd.add(BASE, { objectClass: 'organizationalUnit', ou: 'accounts' });
    await doneOnce(await asked());
  });

  it('waits while its password is wrong, and goes on when the file is right again', async () => {
    await world.slapd.modify(SERVICE_DN, { userPassword: 'another-secret' });
    for (const connection of world.proxy.open) connection.reset();
    await says(/disconnected.*invalid credentials \(49\).*the password file is read again/);
    const uid = await asked();
    await writeFile(passwordFile, 'another-secret\n');
    await doneOnce(uid);
  });

  it('finds what was asked while it had no right to see it', async () => {
    const rules = await accessRules();
    await configure(DATABASE, 'olcAccess', [`{0}to attrs=userPassword by anonymous auth`, `{1}to * by * none`]);
    const uid = await asked();
    await says(/disconnected.*(no such object.*no right to search it|invalid credentials)/);
    await configure(DATABASE, 'olcAccess', rules);
    await doneOnce(uid);
  });

  it('waits where it may no longer write, and does its work when it may again', async () => {
    const rules = await accessRules();
    const reading = rules.map((rule) => rule.replace(/\bwrite\b/, 'read'));
    await configure(DATABASE, 'olcAccess', reading);
    const uid = await asked();
    await says(/skipped.*insufficient access rights \(50\); let the account in directory.bindDn/);
    await configure(DATABASE, 'olcAccess', rules);
    await doneOnce(uid);
  });

  it('keeps its outcomes while the directory is read-only', async () => {
    const [running, waiting] = [await world.account(), await world.account()];
    await world.script.hold(running);
    await world.ask(running, 'add');
    await world.script.started(running);
    await world.service.signal('SIGSTOP');
    await world.ask(waiting, 'modify');
    await configure(DATABASE, 'olcReadOnly', ['TRUE']);
    world.service.signal('SIGCONT');
    await world.script.release(running);
    await says(/retrying.*unwilling to perform \(53\).*read-only mode/);
    await configure(DATABASE, 'olcReadOnly', ['FALSE']);
    await doneOnce(running);
    await doneOnce(waiting, 'modify');
  });

  it('waits for the overlay that serves its subscription', async () => {
    const uid = await world.account();
    await withConfig((client) => settled((done) => client.del(SYNCPROV, done)));
    await says(/disconnected.*in slapd: moduleload syncprov, and overlay syncprov/);
    await world.ask(uid, 'add');
    const overlay = { objectClass: ['olcOverlayConfig', 'olcSyncProvConfig'], olcOverlay: 'syncprov' };
    await withConfig((client) => settled((done) => client.add(SYNCPROV, overlay, done)));
    await doneOnce(uid);
  });
});
