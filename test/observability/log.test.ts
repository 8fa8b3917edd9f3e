import { appendFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type LogOptions } from '../../src/observability/log.ts';
import { limitFiles } from '../support/file-limit.ts';

/** A stream that keeps its text. */
class Kept extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk;
    done();
  }
}

let folder: string;
let zone: string | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'));
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Zurich';
});
afterEach(async () => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
  await rm(folder, { recursive: true, force: true });
});

/** After it, everything logged in this turn of the event loop is in the file. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const inFolder = (name: string): string => join(folder, name);
const logWith = (options: Partial<LogOptions>) =>
  createLogger({
    level: 'info',
    format: 'auto',
    file: null,
    syslog: null,
    console: null,
    colour: false,
    env: {},
    now: () => new Date('2026-03-01T10:00:00.250Z'),
    ...options,
  });

describe('the console', () => {
  it('gets text at a terminal, and JSON elsewhere', async () => {
    const [terminal, pipe] = [new Kept(true), new Kept()];
    for (const console of [terminal, pipe]) {
      const log = logWith({ console });
      log.logger.info('account finished', { uid: '1', milliseconds: 3.5, mode: undefined });
      log.logger.error('two words', { reason: 'a "b"\n\u001b[31m', at: '', list: [1, 2] });
      await log.close();
    }
    expect(terminal.text.split('\n')).toEqual([
      '2026-03-01T11:00:00.250+01:00 info  account finished uid=1 milliseconds=3.5',
      '2026-03-01T11:00:00.250+01:00 error two words reason="a \\"b\\"\\n\\x1b[31m" at="" list=[1,2]',
      '',
    ]);
    expect(pipe.text.split('\n')).toEqual([
      '{"time":"2026-03-01T10:00:00.250Z","level":"info","message":"account finished","uid":"1","milliseconds":3.5}',
      '{"time":"2026-03-01T10:00:00.250Z","level":"error","message":"two words","reason":"a \\"b\\"\\n\\u001b[31m","at":"","list":[1,2]}',
      '',
    ]);
  });

  it('gets all lines of one turn of the event loop in one write', async () => {
    const writes: string[] = [];
    const console = new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        writes.push(chunk);
        done();
      },
    });
    const log = logWith({ console, format: 'pretty' });
    for (const message of ['one', 'two']) log.logger.info(message);
    await turn();
    log.logger.info('three');
    await log.close();
    expect(writes.map((text) => text.match(/one|two|three/g))).toEqual([['one', 'two'], ['three'], null]);
  });

  it('gets what is asked for where something is asked for', async () => {
    const [terminal, pipe] = [new Kept(true), new Kept()];
    const json = logWith({ console: terminal, format: 'json' });
    const pretty = logWith({ console: pipe, format: 'pretty' });
    json.logger.info('one');
    pretty.logger.info('two');
    await Promise.all([json.close(), pretty.close()]);
    expect(JSON.parse(terminal.text)).toMatchObject({ message: 'one' });
    expect(pipe.text).toBe('2026-03-01T11:00:00.250+01:00 info  two\n');
  });

  it('gets no lines below the level', async () => {
    const console = new Kept(true);
    const log = logWith({ console, level: 'warn' });
    log.logger.info('no');
    log.logger.warn('yes');
    await log.close();
    expect(console.text).toBe('2026-03-01T11:00:00.250+01:00 warn  yes\n');
  });

  it('may go away without harm', async () => {
    const console = new Kept();
    console._write = (_chunk, _encoding, done: (error?: Error) => void) => done(new Error('EPIPE'));
    const log = logWith({ console, file: inFolder('log') });
    log.logger.info('one');
    await new Promise((resolve) => setImmediate(resolve));
    log.logger.info('two');
    await log.close();
    expect((await readFile(inFolder('log'), 'utf8')).split('\n')).toHaveLength(3);
  });
});

describe('the log file', () => {
  it('is appended to, and holds the last line when the log is closed', async () => {
    for (const message of ['first', 'second']) {
      const log = logWith({ file: inFolder('log') });
      log.logger.info(message);
      await log.close();
    }
    expect(await readFile(inFolder('log'), 'utf8')).toBe(
      '2026-03-01T11:00:00.250+01:00 info  first\n2026-03-01T11:00:00.250+01:00 info  second\n',
    );
  });

  it('is opened again by its name, so that each line is in the old file or in the new one', async () => {
    const log = logWith({ file: inFolder('log'), format: 'json' });
    log.logger.info('before');
    await rename(inFolder('log'), inFolder('log.1'));
    log.logger.info('still before');
    log.reopen();
    expect(await readFile(inFolder('log'), 'utf8')).toBe('');
    log.logger.info('after');
    await log.close();

    const messages = async (name: string) =>
      (await readFile(inFolder(name), 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).message);
    expect(await messages('log.1')).toEqual(['before', 'still before']);
    expect(await messages('log')).toEqual(['after']);
  });

  it('that cannot be written is reported once on the console, and what it missed when it can be written', async () => {
    const console = new Kept(true);
    const log = logWith({ console, file: inFolder('missing/log') });
    log.logger.info('one');
    log.logger.info('two');
    await new Promise((resolve) => setImmediate(resolve));
    log.logger.info('three');
    await log.close();
    const problems = console.text.split('\n').filter((line) => line.includes('error'));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`the log file ${inFolder('missing/log')} cannot be written (ENOENT`);
  });
});

describe('a log file without room', () => {
  afterEach(() => limitFiles(process.pid, Number.POSITIVE_INFINITY));
  const content = () => readFile(inFolder('log'), 'utf8');
  const line = (message: string, level = 'info', more = '') =>
    `{"time":"2026-03-01T10:00:00.250Z","level":"${level}","message":"${message}"${more}}`;

  it('has a torn line at most, and the number of the lost ones in its own form, once there is room again', async () => {
    const log = logWith({ file: inFolder('log'), format: 'json' });
    log.logger.info('first');
    await turn();
    limitFiles(process.pid, line('first').length + 10);
    for (const message of ['torn', 'lost']) {
      log.logger.info(message);
      await turn();
      await turn();
    }
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    log.logger.info('last');
    await log.close();
    const lost = Number(/"lines":(\d+)/.exec(await content())?.[1]);
    expect((await content()).split('\n')).toEqual([
      line('first'),
      line('torn').slice(0, 9),
      line('lines of the log were lost', 'warn', `,"lines":${lost}`),
      line('last'),
      '',
    ]);
    // The problem itself is a line of the log, too.
    expect(lost).toBe(3);
  });

  it('says what is missing when it is closed', async () => {
    const log = logWith({ file: inFolder('log'), format: 'json' });
    limitFiles(process.pid, 0);
    log.logger.info('lost');
    await turn();
    await turn();
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    await log.close();
    expect(await content()).toBe(`${line('lines of the log were lost', 'warn', ',"lines":2')}\n`);
  });

  it('gets a new line from the next service where the last one left a torn line', async () => {
    await appendFile(inFolder('log'), 'to');
    const log = logWith({ file: inFolder('log'), format: 'json' });
    log.logger.info('first');
    await log.close();
    expect(await content()).toBe(`to\n${line('first')}\n`);
  });

  it('is reported once for each cause, if there is no console for it', async () => {
    const told: string[] = [];
    const log = logWith({ file: '/dev/full', onUnseenProblem: (message) => told.push(message) });
    for (const message of ['one', 'two']) {
      log.logger.info(message);
      await turn();
    }
    await log.close();
    expect(told).toEqual([expect.stringContaining('the log file /dev/full cannot be written (ENOSPC')]);
  });
});

describe("systemd's journal", () => {
  it('gets the message with its level, as it keeps the time itself', async () => {
    const { openSync, closeSync, fstatSync, createWriteStream } = await import('node:fs');
    const fd = openSync(inFolder('journal'), 'w');
    const { dev, ino } = fstatSync(fd);
    const console = Object.assign(createWriteStream('', { fd, autoClose: false }), { fd });
    const log = logWith({ console, env: { JOURNAL_STREAM: `${dev}:${ino}` } });
    log.logger.info('account finished', { uid: '1' });
    log.logger.error('account failed', { uid: '1' });
    await log.close();
    closeSync(fd);
    expect(await readFile(inFolder('journal'), 'utf8')).toBe('<6>account finished uid=1\n<3>account failed uid=1\n');
  });
});
