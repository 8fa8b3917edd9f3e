import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemdNotifier } from '../../src/observability/systemd-notify.ts';
import { exited, track } from '../support/children.ts';

/** Binds the datagram socket of a service manager, says so, and prints what comes, a line each. */
const MANAGER = [
  'use Socket; $| = 1;',
  'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die $!; bind($s, pack_sockaddr_un($ARGV[0])) or die $!; print "bound\\n";',
  'while (defined recv($s, my $line, 4096, 0)) { print "$line\\n" }',
].join(' ');

let folder: string;
let manager: ChildProcess;
let lines: Interface;
let heard: string[];

async function hears(line: string): Promise<void> {
  while (!heard.includes(line)) await once(lines, 'line');
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-'));
  manager = track(spawn('perl', ['-e', MANAGER, join(folder, 'socket')], { stdio: ['ignore', 'pipe', 'inherit'] }));
  heard = [];
  if (manager.stdout === null) throw new Error('no output');
  lines = createInterface(manager.stdout).on('line', (line) => heard.push(line));
  await hears('bound');
});

afterEach(async () => {
  manager.kill();
  await exited(manager);
  lines.close();
  await rm(folder, { recursive: true });
});

describe('the notifications of the service manager', () => {
  it('say that the service is ready, how it fares, and that it stops', async () => {
    const notifier = createSystemdNotifier({ ...process.env, NOTIFY_SOCKET: join(folder, 'socket') }, () => {});
    notifier.ready();
    notifier.status('refreshed:\n3 open accounts');
    notifier.stopping();
    await hears('STOPPING=1');
    expect(heard.slice(1)).toEqual(['READY=1', 'STATUS=refreshed: 3 open accounts', 'STOPPING=1']);
    notifier.close();
  });

  it('feed the watchdog that is meant for this process', async () => {
    const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: join(folder, 'socket'), WATCHDOG_USEC: '20000' };
    const notifier = createSystemdNotifier({ ...env, WATCHDOG_PID: String(process.pid) }, () => {});
    await hears('WATCHDOG=1');
    notifier.close();
  });

  it('are left out where no manager listens', () => {
    const notifier = createSystemdNotifier({}, () => {});
    notifier.ready();
    notifier.close();
    expect(heard).toEqual(['bound']);
  });
});
