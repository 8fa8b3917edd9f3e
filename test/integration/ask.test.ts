import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountLdif } from '../support/accounts.ts';
import { attempt, type CommandResult } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { Terminal } from '../support/terminal.ts';
import { text } from '../support/test-directory.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const FAILED = { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: '6' };
const ENV = { PATH: process.env['PATH'], TZ: 'UTC' };

let slapd: Slapd;
let service: RunningService;

beforeAll(async () => {
  slapd = await startSlapd();
  service = await setUpService({ url: slapd.url, script: 'exit 0' });
});
afterAll(async () => {
  await service.remove();
  await slapd.stop();
});
afterEach(async () => {
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

const ask = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, 'ask', '-c', service.configFile, ...args], { env: ENV });

async function modeOf(uid: string): Promise<string> {
  const entry = await slapd.read(uid);
  return entry === undefined ? 'gone' : `${text(entry, 'sstProvisioningMode')} ${text(entry, 'sstProvisioningState')}`;
}

/** Accounts in each condition, as after a night. */
async function accounts(): Promise<void> {
  await slapd.addAccount('done');
  await slapd.addAccount('failed', FAILED);
  await slapd.addAccount('open', OPEN);
  await slapd.addAccount('inwork', { ...OPEN, sstProvisioningMode: 'adding' });
  await slapd.addAccount('deleted', { sstProvisioningMode: 'deleted' });
  await slapd.addAccount('other', { sstProvisioningMode: 'snapshot', sstProvisioningState: '0' });
}

describe('ask', () => {
  it('requests a mode for accounts that are finished or failed, and leaves all others alone', async () => {
    await accounts();
    const { code, stdout } = await ask('modify', 'done', 'failed', 'open', 'inwork', 'deleted', 'other', 'nobody');
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'done: requested: added is now modify',
      'failed: requested: adding with code 6 CANNOT_SET_QUOTA is now modify',
      'open: not requested: add is already requested',
      'inwork: not requested: it is in work: its mode is adding',
      'deleted: requested: deleted is now modify',
      "other: not requested: the mode snapshot is another program's",
      expect.stringMatching(/^nobody: not requested: there is no such account below /),
      '3 requested, 4 not.',
    ]);
    expect(await Promise.all(['done', 'failed', 'open', 'inwork', 'deleted', 'other'].map(modeOf))).toEqual([
      ...['modify 0', 'modify 0', 'add 0', 'adding 0', 'modify 0', 'snapshot 0'],
    ]);
  });

  it('says for which accounts with --preview, and what they would wait for', async () => {
    await accounts();
    expect(await ask('delete', 'done', 'failed', '--preview')).toMatchObject({
      code: 0,
      stdout: [
        'done: would be requested: added would be delete; sstIsActive is TRUE; delete waits until it is FALSE',
        'failed: would be requested: adding with code 6 CANNOT_SET_QUOTA would be delete; sstIsActive is TRUE; delete waits until it is FALSE',
        '2 would be requested, 0 not.\n',
      ].join('\n'),
    });
    expect(await modeOf('done')).toBe('added 20260101T000000Z');
  });

  it('requests a mode for all that are finished or failed, and not deleted, if somebody knows how many', async () => {
    await accounts();
    const preview = await ask('modify', '--all', '--preview');
    expect(preview.stdout).toMatch(/^2 would be requested, 0 not; 4 others are open, deleted or no accounts\.$/m);
    expect(await ask('modify', '--all', '--yes', '3')).toMatchObject({
      code: 2,
      stderr: 'there are 2 accounts, not 3: nothing was requested\n',
    });
    expect(await ask('modify', '--all')).toMatchObject({ code: 64, stdout: '' });
    expect(await modeOf('done')).toBe('added 20260101T000000Z');
    expect(await ask('modify', '--all', '--yes', '2')).toMatchObject({ code: 0 });
    expect(await Promise.all(['done', 'failed', 'deleted'].map(modeOf))).toEqual([
      ...['modify 0', 'modify 0', 'deleted 20260101T000000Z'],
    ]);
  });

  it('asks back for the number of all accounts at a terminal', async () => {
    await accounts();
    const command = [process.execPath, MAIN, 'ask', 'modify', '--all', '-c', service.configFile];
    const terminal = new Terminal(command, { rows: 24, columns: 80 }, ENV);
    await terminal.shows(/Request modify for 2 accounts\? Type the number: /);
    terminal.order('type', ...Buffer.from('2\r'));
    expect(await terminal.ended()).toBe(0);
    expect(terminal.shown).toContain('2 requested, 0 not');
    expect(await modeOf('done')).toBe('modify 0');
  });

  it.each([
    [['modify']],
    [['modify', 'done', '--all']],
    [['modify', 'done', '--yes', '1']],
    [['delete', '--all', '--yes', '2']],
    [['modify', '--all', '--yes', 'x']],
    [['modifying', 'done']],
  ])('calls %j wrong usage', async (args) => {
    expect(await ask(...args)).toMatchObject({ code: 64, stdout: '' });
  });
});

describe('ask delete, for a delete that a server shows older than it is known', () => {
  /** The same entry at another time: `20260101000<minute>00Z`. */
  const version = (minute: number, attributes: Readonly<Record<string, string>>): string =>
    accountLdif('3', {
      entryUUID: '11111111-2222-4333-8444-555555555555',
      entryCSN: `20260101000${minute}00.000000Z#000000#000#000000`,
      ...{ sstProvisioningMode: 'delete', sstProvisioningState: '0', sstIsActive: 'FALSE', ...attributes },
    });

  it('is the word for which that delete waits', async () => {
    const newer = await startSlapd({ preload: [version(2, { sstProvisioningDate: '20990101' })] });
    const older = await startSlapd({ preload: [version(1, {})] });
    const lagging = await setUpService({
      url: newer.url,
      script: 'exit 0',
      directory: { url: [newer.url, older.url] },
    });
    try {
      await lagging.start();
      await lagging.outputMatches(/deferred +3 /);
      await newer.kill9();
      await lagging.outputMatches(/waiting +3 +delete +.*a delete waits until it catches up, or is requested again/);
      const asked = await attempt(process.execPath, [MAIN, 'ask', '-c', lagging.configFile, 'delete', '3'], {
        env: ENV,
      });
      expect(asked).toMatchObject({ code: 0, stdout: '3: requested: delete is now delete\n' });
      await lagging.outputMatches(/finished +3 +deleted/);
    } finally {
      await lagging.remove();
      await Promise.all([newer.stop(), older.stop()]);
    }
  });
});
