import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closed } from './closed.ts';

describe('waiting for the end of a connection', () => {
  let client: Socket;
  let peer: Socket;
  let stop: () => void;
  beforeEach(async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [peer] = (await once(server, 'connection')) as [Socket];
    stop = () => server.close();
  });
  afterEach(() => stop());

  it.each([
    ['ends', () => peer.destroy()],
    ['is reset', () => peer.resetAndDestroy()],
  ])('is over when it %s', async (_, end) => {
    client.resume();
    end();
    await closed(client);
    expect(client.destroyed).toBe(true);
    await closed(client);
  });
});
