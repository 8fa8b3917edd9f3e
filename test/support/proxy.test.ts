import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accountDn, SERVICE_DN, SERVICE_PASSWORD } from './accounts.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import { type Slapd, startSlapd } from './slapd.ts';
import { bind, TestDirectory } from './test-directory.ts';

async function received(socket: Socket, bytes: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  while (all.length < bytes) {
    const [chunk] = await once(socket, 'data');
    all = Buffer.concat([all, chunk]);
  }
  return all;
}

describe('the proxy in front of an echo', () => {
  let echo: Server;
  let proxy: FaultProxy;
  let client: Socket;
  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket)).listen(0);
    await once(echo, 'listening');
    const address = echo.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy = await startProxy(address.port);
    const connected = new Promise<void>((resolve) => proxy.onConnection(() => resolve()));
    client = connect({ port: proxy.port, allowHalfOpen: true });
    client.on('error', () => {});
    await connected;
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    echo.close();
  });

  const only = () => proxy.connections[0]!;

  it('passes bytes and the end of each direction', async () => {
    client.end('hello');
    expect((await received(client, 5)).toString()).toBe('hello');
    await once(client, 'end');
  });

  it('keeps bytes back while it stalls, and delivers them afterwards', async () => {
    only().down.stall();
    client.write('hello');
    let early = 0;
    client.on('data', (chunk) => {
      early += chunk.length;
    });
    await expect.poll(() => only().up.forwarded).toBe(5);
    expect(early).toBe(0);
    only().down.pass();
    await expect.poll(() => early).toBe(5);
  });

  it('forgets what it swallows, and the end too', async () => {
    only().up.swallow();
    client.write('lost');
    await new Promise<void>((resolve) => client.write('lost too', () => resolve()));
    only().up.pass();
    client.write('kept');
    await expect.poll(() => only().up.forwarded).toBeGreaterThan(0);
    expect((await received(client, 4)).toString()).toMatch(/kept$/);
  });

  it('delivers byte by byte, and late', async () => {
    only().down.dribble(10);
    only().up.delay(30);
    const started = performance.now();
    client.write('hello');
    const [first] = await once(client, 'data');
    expect(first).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(25);
  });

  it('changes the bits of one byte', async () => {
    only().up.flip(1, 0x20);
    client.write('hello');
    expect((await received(client, 5)).toString()).toBe('hEllo');
  });

  it('calls back exactly between two bytes', async () => {
    let seen = -1;
    only().down.afterBytes(3, () => {
      seen = only().down.forwarded;
    });
    client.write('hello');
    await received(client, 5);
    expect(seen).toBe(3);
  });

  it('ends a connection after some bytes', async () => {
    only().down.cutAfter(2, 'close');
    client.write('hello');
    expect(await received(client, 2)).toHaveLength(2);
    await once(client, 'end');
    expect(only().open).toBe(false);
  });

  it('resets', async () => {
    client.write('hello');
    await received(client, 5);
    only().reset();
    const [error] = await once(client, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses and accepts again on the same port', async () => {
    await proxy.refuse();
    const refused = connect(proxy.port);
    const [error] = await once(refused, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.accept();
    const again = connect(proxy.port);
    again.write('hello');
    expect(await received(again, 5)).toHaveLength(5);
    again.destroy();
  });
});

describe('the proxy in front of slapd', () => {
  let slapd: Slapd;
  let proxy: FaultProxy;
  beforeAll(async () => {
    slapd = await startSlapd();
    await slapd.addAccount('1');
    proxy = await startProxy(slapd.port);
  });
  afterAll(async () => {
    await proxy.close();
    await slapd.stop();
  });

  const login = () => ({ url: proxy.url, dn: SERVICE_DN, password: SERVICE_PASSWORD });

  it('holds the second modify request until the test decides about it', async () => {
    const service = new TestDirectory(login());
    const second = proxy.hold('up', 'modifyRequest', 2);
    await service.modify(accountDn('1'), { sstProvisioningMode: 'one' });
    const modifying = service.modify(accountDn('1'), { sstProvisioningMode: 'two' });
    const held = await second;
    await slapd.waitForMode('1', 'one');
    held.forward();
    await modifying;
    await slapd.waitForMode('1', 'two');
    expect(proxy.count('up', 'modifyRequest')).toBe(2);
    await service.disconnect();
  });

  it('loses an answer to a request that was carried out', async () => {
    const service = new TestDirectory(login());
    const answer = proxy.hold('down', 'modifyResponse');
    const modifying = service.modify(accountDn('1'), { sstProvisioningMode: 'three' });
    modifying.catch(() => {});
    (await answer).cut(3, 'reset');
    await expect(modifying).rejects.toThrow();
    await slapd.waitForMode('1', 'three');
    await service.disconnect();
  });

  it('answers with a reset where there is no server', async () => {
    const dead = await startProxy(1);
    await expect(bind({ ...login(), url: dead.url }, 1_000)).rejects.toThrow();
    await dead.close();
  });
});
