import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/observability/log/log-line.ts';
import type { Outlet } from '../../src/observability/log/sink.ts';
import { createUdpSink, type UdpSinkOptions } from '../../src/observability/log/udp-sink.ts';
import { execute } from '../support/children.ts';

const line = (message: string): LogLine => ({ time: 'T', level: 'info', message, fields: {} });
const render = ({ message, fields }: LogLine): Buffer => Buffer.from([message, ...Object.values(fields)].join(' '));
/** Longer than a datagram can be. */
const TOO_LARGE = 'x'.repeat(70_000);

let server: Socket;
let received: string[];
let problems: string[];
let sink: Outlet;

beforeEach(async () => {
  received = [];
  problems = [];
  server = createSocket({ type: 'udp4', recvBufferSize: 2 ** 22 });
  server.on('message', (message) => received.push(message.toString()));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await sink.close();
  server.close();
});

function sinkWith(options: Partial<UdpSinkOptions> = {}): Outlet {
  const address = { host: 'log.example', port: server.address().port };
  const onProblem = (problem: string) => problems.push(problem);
  sink = createUdpSink({ address, render, onProblem, lookUp: found, firstPause: 1, closeWithin: 200, ...options });
  return sink;
}

type LookUp = NonNullable<UdpSinkOptions['lookUp']>;
const found: LookUp = (_host, tell) => setImmediate(() => tell(null, '127.0.0.1', 4));
const missing: LookUp = (_host, tell) => setImmediate(() => tell(new Error('ENOTFOUND'), '', 4));

async function until(wanted: () => boolean): Promise<void> {
  while (!wanted()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a syslog server by UDP', () => {
  it('gets each line, those before its name was looked up, too', async () => {
    sinkWith().write(line('one'));
    sink.write(line('two'));
    await sink.close();
    await until(() => received.length === 2);
    expect(received).toEqual(['one', 'two']);
  });

  it('is sent the number of lost lines with the next line', async () => {
    sinkWith().write(line(TOO_LARGE));
    sink.write(line(TOO_LARGE));
    await until(() => problems.length > 0);
    await until(() => sink.health().lost === 2);
    expect(sink.health().failure).toBeDefined();
    await new Promise((resolve) => setImmediate(resolve));
    sink.write(line('next'));
    await until(() => received.length === 2);
    expect(received.sort()).toEqual(['lines of the log were lost 2', 'next']);
    expect(problems).toEqual([
      expect.stringMatching(/^syslog at udp:\/\/log\.example:\d+ cannot be reached \(.*EMSGSIZE/),
    ]);
  });

  it('is sent the number of lost lines at the end', async () => {
    sinkWith().write(line(TOO_LARGE));
    await sink.close();
    await until(() => received.length === 1);
    expect(received).toEqual(['lines of the log were lost 1']);
  });

  it('is sent the number of lines that made room for later ones while its name could not be looked up', async () => {
    let isMissing = true;
    sinkWith({ lookUp: (host, tell) => (isMissing ? missing : found)(host, tell) });
    for (let number = 0; number < 10_002; number += 1) sink.write(line(`${number}`));
    await until(() => problems.length > 0);
    isMissing = false;
    await until(() => received.length > 0);
    expect(received.slice(0, 2)).toEqual(['lines of the log were lost 2', '2']);
    expect(problems).toHaveLength(1);
  });

  it('is looked up again after many lines, and gets those meanwhile', async () => {
    let lookUps = 0;
    sinkWith({
      lookUp: (host, tell) => {
        lookUps += 1;
        if (lookUps === 1) found(host, tell);
      },
    });
    for (let number = 0; number < 1_000; number += 1) sink.write(line(`${number}`));
    await until(() => lookUps === 2);
    // The system may drop a datagram among so many.
    await until(() => {
      sink.write(line('meanwhile'));
      return received.includes('meanwhile');
    });
  });

  it('is not waited for without end where nobody knows its name', async () => {
    sinkWith({ lookUp: missing }).write(line('one'));
    await sink.close();
    sink.write(line('too late'));
    expect(received).toEqual([]);
  });

  it('gets lines again after no file could be opened for its socket, however many there were', async () => {
    sinkWith();
    const fixture = join(import.meta.dirname, '../support/fixtures/udp-log-without-files.ts');
    const limited = ['--nofile=96:96', 'timeout', '20', process.execPath, '--import', 'tsx', fixture];
    expect((await execute('prlimit', limited)).stdout).toBe('words');
  });
});
