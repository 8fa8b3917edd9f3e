import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn } from '../support/accounts.ts';
import { exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const FAILED = { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: '6' };
const CLOSED = 'standard output is closed, so the output is lost: open it\n';
const SENTENCE = 'standard output cannot be written (ENOSPC: no space left on device, write); check its free space\n';

let slapd: Slapd;
let service: RunningService;

beforeAll(async () => {
  slapd = await startSlapd();
  const listen = `unix:${join(slapd.folder, 'operator.sock')}`;
  const record = join(slapd.folder, 'record');
  service = await setUpService({
    url: slapd.url,
    script: 'exit 0',
    settings: { operator: { listen } },
    flags: ['--record', record],
  });
  await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  await service.start();
  await slapd.waitForMode('1', 'added');
});
afterAll(async () => {
  await service.remove();
  await slapd.stop();
});

/**
 * Runs a command whose output goes to a full disk, or to a closed pipe. Resolves to its exit code
 * and standard error.
 */
async function withoutOutput(to: 'a full disk' | 'nobody' | 'a closed one', args: readonly string[]) {
  const full = openSync('/dev/full', 'w');
  const stdout = to === 'nobody' ? 'pipe' : full;
  // Only the command as it is installed can tell that it is closed.
  const command = to === 'a closed one' ? ['sh', '-c', 'exec "$0" "$@" >&-', MAIN] : [process.execPath, MAIN];
  const [program = '', ...given] = [...command, ...args];
  const child = track(spawn(program, given, { stdio: ['ignore', stdout, 'pipe'] }));
  child.stdout?.destroy();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (words: string) => {
    said += words;
  });
  await exited(child);
  closeSync(full);
  return { code: child.exitCode, said };
}

const withConfig = (...args: string[]) => [...args, '-c', service.configFile];

describe('a command whose output cannot be written', () => {
  const ASKING: ReadonlyArray<readonly [string, number, () => string[]]> = [
    ['--help', 1, () => ['--help']],
    ['--version', 1, () => ['--version']],
    ['help verify', 1, () => ['help', 'verify']],
    ['check', 1, () => withConfig('check')],
    ['verify', 2, () => withConfig('verify')],
    ['explain', 2, () => withConfig('explain', '1')],
    ['status', 2, () => withConfig('status')],
    ['tap', 2, () => withConfig('tap', '--since', 'all')],
  ];

  it.each(ASKING)('ends with a sentence and a code that is not 0: %s', async (_name, code, args) => {
    expect(await withoutOutput('a full disk', args())).toEqual({ code, said: expect.stringMatching(told(SENTENCE)) });
    expect(await withoutOutput('a closed one', args())).toEqual({ code, said: expect.stringMatching(told(CLOSED)) });
    expect(await withoutOutput('nobody', args())).toEqual({ code, said: expect.not.stringContaining('output') });
  });

  /** Reported once and without a stack trace, besides the notes of `tap` and `replay`. */
  const told = (sentence: string) => new RegExp(`^(-- .*\n)*${sentence.replaceAll(/[()]/g, '\\$&')}$`);

  it.each([
    ['a full disk', 2, SENTENCE],
    ['a closed one', 2, CLOSED],
    ['nobody', 2, ''],
  ] as const)('does what it changes all the same: retry to %s', async (to, code, said) => {
    const uids = ['f1', 'f2', 'f3'];
    await service.stop();
    for (const uid of uids) await slapd.addAccount(uid, FAILED);
    expect(await withoutOutput(to, withConfig('retry', '--failed'))).toEqual({ code, said });
    for (const uid of uids) {
      const entry = await slapd.read(uid);
      expect(entry && text(entry, 'sstProvisioningMode')).toBe('add');
      await slapd.delete(accountDn(uid));
    }
  });

  it('does what it changes all the same: ldif create and load, and the walk of the sandbox', async () => {
    const create = ['ldif', 'create', '--uid', 'l1', '--out', service.folder];
    expect(await withoutOutput('a full disk', create)).toEqual({ code: 1, said: SENTENCE });
    const root = join(service.folder, 'root-password');
    writeFileSync(root, slapd.login.password, { mode: 0o600 });
    const as = ['--bind-dn', slapd.login.dn, '--bind-password-file', root];
    const file = join(service.folder, '01_add_l1.ldif');
    expect(await withoutOutput('a full disk', withConfig('ldif', 'load', file, ...as))).toEqual({
      code: 1,
      said: SENTENCE,
    });
    expect(await slapd.read('l1')).toBeDefined();
    rmSync(root);
    expect(await withoutOutput('a full disk', ['sandbox', '--once'])).toEqual({ code: 1, said: SENTENCE });
    expect(await withoutOutput('a closed one', ['sandbox', '--once'])).toEqual({ code: 1, said: CLOSED });
  });

  it('ends a replay, too', async () => {
    await service.stop();
    const replay = ['replay', join(slapd.folder, 'record')];
    expect(await withoutOutput('a full disk', replay)).toEqual({
      code: 2,
      said: expect.stringMatching(told(SENTENCE)),
    });
    expect(await withoutOutput('a closed one', replay)).toEqual({ code: 2, said: expect.stringMatching(told(CLOSED)) });
  });
});
