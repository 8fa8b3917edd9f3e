import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/load-config.ts';
import { accountLdif } from '../../src/ldif/account-ldif.ts';
import { BASE } from '../support/accounts.ts';
import { attempt, exited, track } from '../support/children.ts';
import { freePort } from '../support/free-port.ts';
import { bind, TestDirectory } from '../support/test-directory.ts';

const script = resolve(import.meta.dirname, '../../config/examples/test-directory.sh');

describe('the example’s directory, where it cannot run', () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'test-directory-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('says that the port is taken, and leaves nothing behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, stdout, stderr } = await attempt(script, [join(parent, 'directory'), `${port}`]);
    taken.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is used by another program`);
    expect(readdirSync(parent)).toEqual([]);
  });

  it.each([
    ['a port that is none', 'directory', '389O', 64, '"389O" is not a port'],
    ['a port beyond all', 'directory', '70000', 1, 'nothing can listen on port 70000'],
    ['a folder of a strange name', 'a b', '3890', 64, 'use a folder without blanks'],
    ['a folder that is there', '.', '3890', 1, 'exists already'],
  ])('says so of %s, and leaves nothing behind', async (_, folder, port, exitCode, words) => {
    const { code, stdout, stderr } = await attempt(script, [join(parent, folder), port]);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(words);
    expect(readdirSync(parent)).toEqual([]);
  });
});

it('the example’s directory takes the accounts of ldif create from the service’s account, and ends on a signal', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'test-directory-'));
  const port = await freePort();
  const folder = join(parent, 'directory');
  const child = track(spawn(script, [folder, `${port}`], { stdio: ['ignore', 'pipe', 'inherit'] }));
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited(child);
    rmSync(parent, { recursive: true, force: true });
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });

  await expect.poll(() => said, { timeout: 20_000 }).toContain('Ctrl-C here to stop the directory');
  const config = await loadConfig(join(folder, 'service.yaml'), {});
  const url = config.directory.url[0] ?? '';
  const login = { url, dn: config.directory.bindDn ?? '', password: config.directory.bindPassword ?? '' };
  await expect.poll(() => bind(login).then((client) => client.destroy()), { timeout: 20_000 }).toBeUndefined();
  const directory = new TestDirectory(login);
  onTestFinished(() => directory.disconnect());
  const [add] = accountLdif({
    uid: '3724300',
    base: config.directory.base,
    reseller: '1',
    customer: '2',
    people: '3',
    givenname: 'Givenname',
    surname: 'Surname',
    quota: '0',
    home: '/home/3724300',
    dateAttribute: 'sstProvisioningExecutionDate',
  });
  expect(config.directory.base).toBe(BASE);
  expect(await directory.load(add?.text ?? '')).toMatchObject({ code: 0 });
  expect((await directory.read('3724300'))?.values('sstProvisioningMode').map(String)).toEqual(['add']);
});
