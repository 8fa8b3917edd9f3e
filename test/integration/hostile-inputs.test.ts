import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { element, enumerated, octetString } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { answeringServer } from '../support/answering-server.ts';
import { attempt, type CommandResult, exited, track } from '../support/children.ts';
import { HOSTILE_FILES } from '../support/hostile-files.ts';
import { MAIN } from '../support/main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

const inFolder = (name: string): string => join(folder, name);

/** Writes a configuration whose directory does not exist. */
function writeConfig(section = ''): string {
  const directory = `directory: { url: "ldap://127.0.0.1:1", base: "dc=${folder.slice(-6)}" }`;
  const operator = `operator: { listen: "unix:${inFolder('operator.sock')}" }`;
  const text = `${directory}\nscript: { command: [/bin/true] }\n${operator}\n${section}\n`;
  writeFileSync(inFolder('service.yaml'), text, { mode: 0o600 });
  return inFolder('service.yaml');
}

/** The memory of a command is limited, as none of these inputs needs more. */
const MEMORY_LIMIT = { NODE_OPTIONS: '--max-old-space-size=200' };

const run = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, ...args], { env: { ...process.env, ...MEMORY_LIMIT } });

/** Text that names the terminal, and turns the direction of what follows. */
const SEQUENCE = '\u001b]0;owned\u0007\u202e';
// biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

/** Output that only the authors of a program understand. */
const STACK_TRACE = /^\s+at .*[(/:]\S*\d+:\d+\)?$|FATAL ERROR|Unhandled|uncaught/im;

describe('in place of the configuration', () => {
  it.each(HOSTILE_FILES)('%s is a fault of it', async (_title, put, named) => {
    const file = put(folder);
    const commands = [['run'], ['status']];
    const results = await Promise.all(commands.map((command) => run(...command, '-c', file)));
    for (const { code, stderr } of results) {
      expect(stderr).toMatch(named);
      expect(stderr).not.toMatch(STACK_TRACE);
      expect(code).toBe(78);
    }
  });

  it.each([
    ['of 200 MB of brackets', '['.repeat(200_000_000), /more than 256 KiB/],
    ['of one line of 300 MB', `a: ${'x'.repeat(300_000_000)}`, /more than 256 KiB/],
    ['of brackets within each other', '['.repeat(200_000), /more than 100 nested brackets/],
  ])('a file %s is one, too', async (_title, text, named) => {
    writeFileSync(inFolder('large.yaml'), text);
    const { code, stderr } = await run('check', '-c', inFolder('large.yaml'));
    expect([code, stderr]).toEqual([78, expect.stringMatching(named)]);
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  it('a link to it, a pipe of a shell and standard input serve as well as ever', async () => {
    symlinkSync(writeConfig(), inFolder('link.yaml'));
    const words = expect.stringMatching(/cannot reach a service at unix:.*there is no such socket/s);
    const status = (script: string) =>
      attempt('bash', ['-c', `exec "$0" "$1" status -c ${script}`, process.execPath, MAIN], { cwd: folder });
    for (const script of ['link.yaml', '<(sleep 0.1; cat link.yaml)', '/dev/stdin < link.yaml']) {
      expect(await status(script), script).toEqual({ code: 2, stdout: '', stderr: words });
    }
  });
});

describe('in place of an LDIF file', () => {
  // An LDIF file may be of any size.
  it.each(HOSTILE_FILES.slice(0, -1))('%s is reported', async (_title, put) => {
    const { code, stderr } = await run('ldif', 'load', '-c', writeConfig(), put(folder));
    expect(stderr).toMatch(
      /^(?:error: )?the LDIF file .* cannot be read: .*(?:not a regular file|a folder|ELOOP|ENXIO)/,
    );
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(code).toBe(1);
  });
});

describe('in place of LDIF that opens', () => {
  it.each([[[]], [['--continue']]])('what cannot be read is reported (with %j)', async (more) => {
    const { code, stderr } = await run('ldif', 'load', '-c', writeConfig(), ...more, '/proc/self/mem');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^(?:error: )?the LDIF file .* cannot be read: EIO/)]);
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});

describe('in place of a record', () => {
  it.each(HOSTILE_FILES)('%s is reported', async (_title, put, named) => {
    const { code, stderr } = await run('replay', put(folder));
    expect(stderr).toMatch(named);
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(code).toBe(2);
  });
});

describe('in a record', () => {
  it('nothing reaches the terminal but text', async () => {
    const schedule = { attempts: 1, initial: 1, max: 1 };
    const settings = {
      attributes: { mode: 'm', state: 's', date: ['d'], active: 'a', returnValue: null, executionTime: null },
      accounts: { lowestUidNumber: 1000, homeRoot: null, homeLayout: '{uid}' },
      ...{ instances: 'one', retry: { temporary: schedule, script: schedule } },
    };
    const time = '2026-03-01T02:00:00.000Z';
    const record = { dn: SEQUENCE, uid: SEQUENCE, mode: 'add', state: '0', active: true };
    const circumstances = { today: '20260301', othersTimeLeft: 0, behindTimeLeft: 0 };
    const decide = { step: 'decide', purpose: 'seen', circumstances, next: SEQUENCE };
    const lines = [
      { record: 'prov-backup-rsnapshot', format: 7, time, version: SEQUENCE, settings },
      { time, ...decide, uid: SEQUENCE, record },
      { time, ...decide, uid: `${SEQUENCE}2`, record: { ...record, mode: { toString: SEQUENCE } } },
    ];
    writeFileSync(inFolder('record'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { code, stdout, stderr } = await run('replay', inFolder('record'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/queued .*owned/);
    expect(stderr).toMatch(
      /by version .*owned.*\n-- .*owned.*: recorded .*owned.*\n-- .*owned.*2: .* cannot be replayed: /,
    );
    expect(`${stdout}${stderr}`).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});

describe('in the words of a directory server', () => {
  it.each([['check'], ['verify'], ['retry', '--failed']])(
    'nothing reaches the terminal but text: %s',
    async (...args) => {
      const server = await answeringServer((socket, id) => {
        const refusal = [enumerated(50), octetString(''), octetString(SEQUENCE)];
        socket.write(encodeMessage(id, element(Operation.searchResultDone, ...refusal)));
      });
      onTestFinished(() => server.close());
      const settings = { directory: { url: server.url, base: 'dc=example' }, script: { command: ['/bin/true'] } };
      writeFileSync(inFolder('service.yaml'), JSON.stringify(settings), { mode: 0o600 });
      const { stdout, stderr } = await run(...args, '-c', inFolder('service.yaml'));
      expect(`${stdout}${stderr}`).toMatch(/\(50\): .*owned/);
      expect(`${stdout}${stderr}`).not.toMatch(CONTROL);
    },
  );
});

describe('in place of a file that the service writes', () => {
  /** Starts a service, and waits for the reason on standard error why it does not write there. */
  async function started(args: readonly string[], told: RegExp): Promise<ChildProcess> {
    const child = track(spawn(process.execPath, [MAIN, 'run', '-d', ...args], { stdio: ['ignore', 'ignore', 'pipe'] }));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited(child);
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(told);
    expect(said).not.toMatch(STACK_TRACE);
    return child;
  }

  const UNWRITABLE = HOSTILE_FILES.filter(([title]) => !/zero|GB/.test(title));
  it.each(UNWRITABLE)(
    '%s is reported for the log and for the recording, and the service continues',
    async (_title, put) => {
      const file = put(folder);
      const is = /(?:it is a (?:named pipe|symbolic link|socket|folder))/;
      const config = writeConfig(`log: { file: "${file}" }`);
      const child = await started(
        ['-c', config, '--record', file],
        new RegExp(`cannot write the recording: ${is.source}.*`),
      );
      child.kill('SIGTERM');
      await exited(child);
      expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    },
  );

  it('a link to a file of somebody else leaves that file alone', async () => {
    writeFileSync(inFolder('victim'), 'old\n');
    symlinkSync(inFolder('victim'), inFolder('log'));
    const config = writeConfig(`log: { file: "${inFolder('log')}" }`);
    const child = await started(['-c', config], /the log file .*log cannot be written \(it is a symbolic link\)/);
    child.kill('SIGTERM');
    await exited(child);
    expect(readFileSync(inFolder('victim'), 'utf8')).toBe('old\n');
    const { code, stdout } = await run('check', '-c', config);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/log file: .*log is not written: it is a symbolic link/)]);
  });
});
