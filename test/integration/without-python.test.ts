import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { LEASES } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'without-python-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs `check` on a host whose Python does not work. */
async function check(settings: Readonly<Record<string, unknown>>) {
  const file = join(folder, 'service.yaml');
  const directory = { url: 'ldap://127.0.0.1:9', base: 'dc=example' };
  await writeFile(file, stringify({ directory, script: { command: ['/bin/true'] }, ...settings }));
  const run = `mount --bind /bin/false /usr/bin/python3 && exec ${process.execPath} ${MAIN} check -c ${file}`;
  return attempt('unshare', ['--mount', 'sh', '-c', run]);
}

it('`check` says what does not work without Python, and what to install', async () => {
  const { code, stdout } = await check({ log: { syslog: '/dev/log' } });
  expect(code).toBe(1); // as there is no directory
  expect(stdout).toMatch(
    /^advice .*python3: \/usr\/bin\/python3 is older than 3\.8, or does not work: scripts are started by the service itself: .*; log\.syslog receives no lines; systemd is not notified\n.*apt-get install python3/m,
  );
});

it('several services are a fault of the configuration without Python', async () => {
  const { code, stderr } = await check({ instances: 'several', leases: { base: LEASES } });
  expect(code).toBe(78);
  expect(stderr).toMatch(/instances: given "several", expected one, because several needs Python for the launcher/);
});
