import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const SAYS =
  /the directory \(OpenLDAP\) offers no way to be told of changes: .*enable content synchronization in slapd: moduleload syncprov, and overlay syncprov/s;

let slapd: Slapd;
let service: RunningService | undefined;
beforeAll(async () => {
  slapd = await startSlapd({ syncprov: false });
  await slapd.addAccount('1', OPEN);
});
afterEach(() => service?.remove());
afterAll(() => slapd.stop());

async function setUp(): Promise<RunningService> {
  service = await setUpService({ url: slapd.url, script: 'exit 0' });
  return service;
}

describe('a slapd without the overlay syncprov is named, with what to enable in it,', () => {
  it('by run, which never takes it for connected', async () => {
    const running = await setUp();
    await running.start({ wait: false });
    await running.outputMatches(SAYS);
    await running.outputMatches(/reconnecting .*try 2/);
    expect(running.output).not.toMatch(/^\S+ +connected/m);
  });

  it.each([
    ['check', [], 1, /fail +subscription: the directory/],
    ['explain', ['1'], 0, /account 1\b.*The server does not report changes to the service: the directory/s],
  ] as const)('by %s', async (name, args, code, line) => {
    const { configFile } = await setUp();
    const said = await attempt(process.execPath, [MAIN, name, '-c', configFile, ...args], {
      env: { PATH: process.env['PATH'], TZ: 'UTC' },
    });
    expect(said).toMatchObject({ code, stderr: '', stdout: expect.stringMatching(SAYS) });
    expect(said.stdout).toMatch(line);
  });
});
