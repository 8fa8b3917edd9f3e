import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEVER } from 'rxjs';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { NO_ACCOUNTS } from '../../src/domain/condition.ts';
import { startOperatorServer } from '../../src/operator/server.ts';
import { checkOutputs } from '../../src/preflight/outputs.ts';
import { freePort } from '../support/free-port.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'preflight-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

function settingsWith(sections: object): Settings {
  const required = { directory: { url: 'ldap://127.0.0.1', base: 'dc=example' }, script: { command: ['/bin/true'] } };
  return parseConfig(JSON.stringify({ ...required, ...sections }), {}, 'test.yaml');
}

const told = async (sections: object) =>
  (await checkOutputs(settingsWith(sections))).map(({ verdict, what, found }) => `${verdict} ${what}: ${found}`);

it('looks at nothing where neither a log file nor an operator interface is set', async () => {
  expect(await told({})).toEqual([]);
});

it('finds what can be used, and leaves nothing behind', async () => {
  const [file, socket] = [join(folder, 'a.log'), join(folder, 'operator.sock')];
  expect(await told({ log: { file }, operator: { listen: `unix:${socket}` } })).toEqual([
    `ok log file: ${file} can be written to`,
    expect.stringMatching(/^ok log room: \d+ [MG]iB free$/),
    `ok operator: unix:${socket} is free to listen on`,
  ]);
  expect(readdirSync(folder)).toEqual([]);
});

it('names a log file that cannot be written, with what to do', async () => {
  expect(await told({ log: { file: folder } })).toEqual([`fail log file: ${folder} is a folder`]);
  const below = join(import.meta.filename, 'a.log');
  expect(await checkOutputs(settingsWith({ log: { file: below } }))).toEqual([
    {
      what: 'log file',
      verdict: 'fail',
      found: `${import.meta.filename} is not a folder`,
      remedy: 'create its folder and let the service write there, or correct log.file',
    },
  ]);
});

it('finds whether somebody takes the log at the address of syslog', async () => {
  const path = join(folder, 'log.sock');
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const syslogs = { [path]: 'ok', [folder]: 'fail', [`${folder}/none`]: 'fail', [`tcp://127.0.0.1:${port}`]: 'fail' };
  for (const [syslog, verdict] of Object.entries({ ...syslogs, 'udp://127.0.0.1:514': 'ok' })) {
    const [line] = await checkOutputs(settingsWith({ log: { syslog } }));
    expect(line).toMatchObject({ what: 'syslog', verdict, found: expect.stringContaining(syslog) });
  }
  await new Promise((resolve) => server.close(resolve));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await told({ log: { syslog: `tcp://127.0.0.1:${port}` } })).toEqual([`ok syslog: tcp://127.0.0.1:${port}`]);
  await new Promise((resolve) => server.close(resolve));
});

it('names a group that the host does not know', async () => {
  expect(await told({ operator: { group: 'nobody-here' } })).toEqual([
    'fail operator group: there is no group nobody-here on this host',
  ]);
  expect(await told({ operator: { group: 'adm' } })).toEqual([]);
});

it('only advises where a folder is missing that the unit may make at its start', async () => {
  const missing = join(folder, 'missing');
  expect(await told({ log: { file: `${missing}/a.log` }, operator: { listen: `unix:${missing}/socket` } })).toEqual([
    `advice log file: ${missing} does not exist yet`,
    `advice operator: ${missing} does not exist yet`,
  ]);
});

it('tells a running service from another program on the operator’s address', async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  const service = await startOperatorServer({
    listen,
    events$: NEVER,
    accounts: NO_ACCOUNTS,
    limitMilliseconds: () => 0,
    version: '1',
    now: Date.now,
  });
  expect(await told({ operator: { listen } })).toEqual([
    `ok operator: a service runs and answers on ${listen}`,
    `advice operator: every user of this host and every user who may forward a port to it (ssh -L) can read uids, DNs and the output of scripts on ${listen}`,
  ]);
  await service.close();
  const other = createServer((socket) => socket.destroy());
  const { hostname, port } = new URL(`tcp://${listen}`);
  await new Promise<void>((resolve) => other.listen(Number(port), hostname, resolve));
  onTestFinished(() => {
    other.close();
  });
  expect(await told({ operator: { listen } })).toEqual([
    expect.stringMatching(/^fail operator: cannot listen on .*in use/),
  ]);
});
