import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usableAddress } from '../../src/operator/usable-address.ts';
import { freePort } from '../support/free-port.ts';

let folder: string;
let socket: string;
let port: string;
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usable-'));
  socket = `unix:${join(folder, 'operator.sock')}`;
  port = `127.0.0.1:${await freePort()}`;
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

function listen(where: string | number): Promise<void> {
  const server = createServer((connection) => connection.end());
  servers.push(server);
  return new Promise((resolve) => server.listen(where, resolve));
}

describe('the address at which to ask a service', () => {
  it('is a Unix socket if one accepts a connection, whatever the order', async () => {
    await listen(join(folder, 'operator.sock'));
    await listen(Number(port.split(':')[1]));
    expect(await usableAddress([port, socket])).toBe(socket);
    expect(await usableAddress([port])).toBe(port);
  });

  it('is another one if the Unix socket cannot be used', async () => {
    await listen(Number(port.split(':')[1]));
    expect(await usableAddress([socket, port])).toBe(port);
  });

  it('is the Unix socket, whose failure is reported, if none accepts a connection', async () => {
    expect(await usableAddress([port, socket])).toBe(socket);
  });
});
