import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type Log, type SyslogOptions } from '../../src/observability/log.ts';
import { type Rsyslog, startRsyslog } from '../support/rsyslog.ts';

let rsyslog: Rsyslog;
beforeEach(async () => {
  rsyslog = await startRsyslog();
});
afterEach(() => rsyslog.remove());

function logTo(
  address: SyslogOptions['address'],
  options: Partial<SyslogOptions> = {},
  unseen: (problem: string) => void = () => {},
): Log {
  return createLogger({
    level: 'info',
    format: 'auto',
    file: null,
    syslog: { address, facility: 'local0', protocol: 'auto', ...options },
    console: null,
    colour: false,
    env: {},
    now: () => new Date(),
    onUnseenProblem: unseen,
  });
}

const server = (kind: 'udp' | 'tcp') => ({ kind, host: 'localhost', port: rsyslog.port });
const ours = { facility: 'local0', appName: 'prov-backup-rsnapshot', pid: String(process.pid) };

describe.each(['unix', 'udp', 'tcp'] as const)('a real rsyslogd by %s', (kind) => {
  const address = () => (kind === 'unix' ? { kind, path: rsyslog.socket } : server(kind));

  it('receives each line whole, with its facility, severity, program and process', async () => {
    const log = logTo(address());
    log.logger.info('account finished', { uid: '3724300', mode: 'added', milliseconds: 5.6 });
    log.logger.error('account failed', { uid: '3724300', reason: 'Zürich "x"\nforged: 100 %' });
    log.logger.warn('long', { text: 'ä'.repeat(2_000) });
    log.logger.debug('not wanted');
    await log.close();

    expect(await rsyslog.received(3)).toEqual([
      { ...ours, severity: 'info', message: 'account finished uid=3724300 mode=added milliseconds=5.6' },
      { ...ours, severity: 'err', message: 'account failed uid=3724300 reason="Zürich \\"x\\"\\nforged: 100 %"' },
      { ...ours, severity: 'warning', message: `long text=${'ä'.repeat(2_000)}` },
    ]);
  });
});

describe.each(['unix', 'tcp'] as const)('a real rsyslogd that cannot be outrun, by %s', (kind) => {
  it('receives the last lines of a burst before the log is closed', async () => {
    const log = logTo(kind === 'unix' ? { kind, path: rsyslog.socket } : server(kind));
    for (let number = 0; number < 500; number += 1) log.logger.info('line', { number });
    await log.close();

    const numbers = (await rsyslog.received(500)).map(({ message }) => message);
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, number) => `line number=${number}`));
  });
});

describe('while rsyslogd is away', () => {
  it.each(['unix', 'tcp'] as const)('lines wait for it, by %s', async (kind) => {
    const told: string[] = [];
    const unseen = (problem: string) => told.push(problem);
    const log = logTo(kind === 'unix' ? { kind, path: rsyslog.socket } : server(kind), {}, unseen);
    log.logger.info('before');
    await rsyslog.received(1);

    await rsyslog.stop();
    // Messages that are sent before the end of the connection is known are lost.
    if (kind === 'tcp') await expect.poll(() => told, { timeout: 20_000 }).toHaveLength(1);
    for (let number = 0; number < 10; number += 1) log.logger.info('meanwhile', { number });
    await rsyslog.start();
    log.logger.info('after');

    const expected = ['before', ...Array.from({ length: 10 }, (_, number) => `meanwhile number=${number}`), 'after'];
    const messages = (await rsyslog.received(expected.length + told.length)).map(({ message }) => message);
    expect(messages.filter((message) => !message.startsWith('syslog at'))).toEqual(expected);
    await log.close();
  });

  it('the log knows that, and when it is back', async () => {
    const log = logTo({ kind: 'unix', path: rsyslog.socket });
    log.logger.info('before');
    await rsyslog.received(1);
    await rsyslog.stop();
    log.logger.info('meanwhile');
    const failure = { lost: 0, failure: 'nothing reads from the socket' };
    await expect.poll(() => log.outlets(), { timeout: 10_000 }).toEqual({ syslog: failure });
    await rsyslog.start();
    await expect.poll(() => log.outlets(), { timeout: 10_000 }).toEqual({ syslog: { lost: 0 } });
    await log.close();
  });

  it('the log can be closed', async () => {
    await rsyslog.stop();
    for (const kind of ['unix', 'tcp', 'udp'] as const) {
      const log = logTo(kind === 'unix' ? { kind, path: rsyslog.socket } : server(kind));
      log.logger.info('nobody reads this');
      await log.close();
    }
  });
});

describe('a message in the form of RFC 5424', () => {
  it('can be asked for on a socket too, and the form of syslog(3) from a server', async () => {
    const log = logTo(server('udp'), { protocol: 'local', facility: 'daemon' });
    log.logger.info('local form');
    await log.close();
    expect(await rsyslog.received(1)).toEqual([
      { ...ours, facility: 'daemon', severity: 'info', message: ' local form' },
    ]);
  });
});
