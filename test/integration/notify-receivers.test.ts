import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MailOptions, mailReceiver, tryMail } from '../../src/notify/mail.ts';
import { Outbox, type Receiver } from '../../src/notify/outbox.ts';
import type { Message } from '../../src/notify/trouble.ts';
import { tryWebhook, type WebhookOptions, webhookReceiver } from '../../src/notify/webhook.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { startWebReceiver, type WebReceiver } from '../support/web-receiver.ts';

const TIME = Date.parse('2026-11-28T02:00:00Z');
const SENDER = { service: 'prov-backup-rsnapshot@backup1', configFile: '/etc/p.yaml' };

/** A message about one cause. */
function about(words: string, key = words): Message {
  const trouble = {
    event: 'failed',
    key,
    title: `script 6 CANNOT_SET_QUOTA: ${words}`,
    words,
    returnValue: 6,
  } as const;
  const subjects = [{ id: 'failed u1', uid: 'u1', mode: 'adding', since: TIME }];
  const report = { state: 'new', trouble, count: 1, added: 1, first: TIME, last: TIME, subjects } as const;
  return { time: TIME, occasion: 'news', reports: [report] };
}

const never = () => new AbortController().signal;
let certificates: Certificates;
const started: Array<{ stop(): Promise<void> }> = [];
const outboxes: Outbox[] = [];

beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates.remove());
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close(0)));
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function mailServer(...given: Parameters<typeof startMailServer>): Promise<MailServer> {
  const server = await startMailServer(...given);
  started.push(server);
  return server;
}

async function webReceiver(...given: Parameters<typeof startWebReceiver>): Promise<WebReceiver> {
  const receiver = await startWebReceiver(...given);
  started.push(receiver);
  return receiver;
}

const mailTo = (port: number, changes: Partial<MailOptions> = {}): MailOptions => ({
  server: { scheme: 'smtp', host: 'localhost', port },
  startTls: false,
  from: 'prov@example.org',
  to: ['ops@example.org'],
  user: null,
  readPassword: async () => '',
  readAuthorities: async () => undefined,
  host: 'backup1',
  sender: SENDER,
  ...changes,
});

/** Options with StartTLS, and a user whose password is read from here. */
const secured = (port: number, password: () => string, caFile = certificates.caFile): MailOptions =>
  mailTo(port, {
    startTls: true,
    user: 'prov',
    readPassword: async () => password(),
    readAuthorities: () => readFile(caFile, 'latin1'),
  });

const hookAt = (url: string, changes: Partial<WebhookOptions> = {}): WebhookOptions => ({
  url,
  headers: {},
  readAuthorities: async () => undefined,
  agent: 'prov-backup-rsnapshot/1',
  sender: SENDER,
  ...changes,
});

function outboxFor(receiver: Receiver, answerTimeout = 300) {
  const notices: string[] = [];
  const outbox = new Outbox({
    receiver,
    now: () => TIME,
    notice: (message) => notices.push(message),
    pause: { initial: 10, max: 20 },
    answerTimeout,
  });
  outboxes.push(outbox);
  return { outbox, notices };
}

describe('a mail', () => {
  it('goes by StartTLS with a password that is read at each connection, once to each recipient', async () => {
    const user = { name: 'prov', password: 'one' };
    const server = await mailServer({ tls: certificates.right, user });
    const receiver = mailReceiver({
      ...secured(server.port, () => user.password),
      to: ['a@example.org', 'b@example.org'],
    });
    await receiver.send(about('no quota'), never());
    user.password = 'two';
    await receiver.send(about('no quota'), never());

    const [first, second] = await server.mails();
    expect(first).toMatchObject({ to: ['a@example.org', 'b@example.org'], isEncrypted: true });
    expect(first?.headers).toMatchObject({
      from: '"prov-backup-rsnapshot@backup1" <prov@example.org>',
      subject: '[FAILED 1] prov-backup-rsnapshot@backup1: script 6 CANNOT_SET_QUOTA: no quota',
      date: 'Sat, 28 Nov 2026 02:00:00 +0000',
      'auto-submitted': 'auto-generated',
    });
    expect(first?.headers['references']).toMatch(/^<v1\.[\da-f]{16}@backup1>$/);
    expect(second?.headers['references']).toBe(first?.headers['references']);
    expect(second?.headers['message-id']).not.toBe(first?.headers['message-id']);
  });

  it.each([
    [
      'without StartTLS at the server',
      async () => ({ server: await mailServer(), caFile: certificates.caFile }),
      /STARTTLS/i,
    ],
    [
      'with a certificate of another authority',
      async () => ({ server: await mailServer({ tls: certificates.otherCa }), caFile: certificates.caFile }),
      /certificate|issuer|signed/i,
    ],
    [
      'with a certificate for another name',
      async () => ({ server: await mailServer({ tls: certificates.wrongName }), caFile: certificates.caFile }),
      /altnames|does not match/i,
    ],
  ])('is not sent %s, and the password is not read', async (_, make, reason) => {
    const { server, caFile } = await make();
    let reads = 0;
    const counted = () => {
      reads += 1;
      return 'geheim';
    };
    const options = secured(server.port, counted, caFile);
    await expect(mailReceiver(options).send(about('x'), never())).rejects.toThrow(reason);
    await expect(tryMail(options, never())).rejects.toThrow(reason);
    expect([server.count(), reads]).toEqual([0, 0]);
  });

  it('has no header, recipient or line of its own making from what a script or the directory says', async () => {
    const server = await mailServer();
    const evil = 'x\r\nBcc: evil@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>\u001b[2J\u202e';
    await mailReceiver(mailTo(server.port)).send(about(evil), never());
    const [mail, ...others] = await server.mails();
    expect(others).toEqual([]);
    expect(mail?.to).toEqual(['ops@example.org']);
    expect(mail?.headers).not.toHaveProperty('bcc');
    expect(mail?.headers['subject']).toContain('x\\r\\nBcc: evil');
    expect(mail?.text).toContain('\\x1b[2J\\u202e');
    expect(mail?.text.split('\n').some((line) => /^(\.|MAIL|Bcc)/.test(line))).toBe(false);
  });

  it('is sent again to those alone who have not taken it', async () => {
    const server = await mailServer();
    server.refused.add('b@example.org');
    const { outbox } = outboxFor(mailReceiver(mailTo(server.port, { to: ['a@example.org', 'b@example.org'] })));
    outbox.add(about('no quota'));
    await expect.poll(() => outbox.status().failed).toBeGreaterThan(0);
    server.refused.clear();
    await expect.poll(() => outbox.status().sent).toBe(1);
    expect((await server.mails()).map(({ to }) => to)).toEqual([['a@example.org'], ['b@example.org']]);
  });

  it.each([['hangs' as const], [421], [550]])(
    'waits while the server does this: %s, and goes when it takes mail again',
    async (answer) => {
      const server = await mailServer();
      server.answer = answer;
      const { outbox, notices } = outboxFor(mailReceiver(mailTo(server.port)));
      outbox.add(about('first'));
      outbox.add(about('second'));
      await expect.poll(() => outbox.status().failed).toBeGreaterThan(1);
      expect(outbox.status()).toMatchObject({ sent: 0, queued: 2, lost: 0, failure: expect.any(String) });
      server.answer = 'takes';
      await expect.poll(() => outbox.status().sent).toBe(2);
      expect(outbox.status()).not.toHaveProperty('failure');
      expect((await server.mails()).map(({ headers }) => headers['subject']?.slice(-6))).toEqual([' first', 'second']);
      expect(notices.map((notice) => notice.replace(/\(.*\)/, '()'))).toEqual([
        `cannot send notifications to ops@example.org by smtp://localhost:${server.port} (); trying again; check notify.mail`,
        `notifications to ops@example.org by smtp://localhost:${server.port} are sent again; lost so far: 0`,
      ]);
    },
  );

  it('finds out whether the server would take it without sending any', async () => {
    const user = { name: 'prov', password: 'one' };
    const server = await mailServer({ tls: certificates.right, user });
    expect(
      await tryMail(
        secured(server.port, () => 'one'),
        never(),
      ),
    ).toEqual({ isEncrypted: true });
    await expect(
      tryMail(
        secured(server.port, () => 'geheim'),
        never(),
      ),
    ).rejects.toThrow(/535/);
    await expect(
      tryMail(
        secured(server.port, () => 'geheim'),
        never(),
      ),
    ).rejects.not.toThrow(/geheim/);
    expect(server.count()).toBe(0);
  });
});

describe('a webhook', () => {
  it('gets JSON over TLS, with the headers of the site', async () => {
    const web = await webReceiver(certificates.right);
    const options = hookAt(`https://localhost:${web.port}/hook?key=secret`, {
      headers: { Authorization: 'Bearer geheim' },
      readAuthorities: () => readFile(certificates.caFile, 'latin1'),
    });
    const receiver = webhookReceiver(options);
    await receiver.send(about('no quota'), never());
    expect(receiver.target).toBe(`https://localhost:${web.port}`);
    expect(web.posts).toHaveLength(1);
    const [post] = web.posts;
    expect(post).toMatchObject({ method: 'POST', path: '/hook?key=secret' });
    expect(post?.headers).toMatchObject({ authorization: 'Bearer geheim', 'content-type': 'application/json' });
    expect(post?.body).toEqual({
      service: 'prov-backup-rsnapshot@backup1',
      time: '2026-11-28T02:00:00.000Z',
      occasion: 'news',
      text: '[FAILED 1] prov-backup-rsnapshot@backup1: script 6 CANNOT_SET_QUOTA: no quota',
      events: [
        {
          event: 'failed',
          state: 'new',
          id: expect.stringMatching(/^v1\.[\da-f]{16}$/),
          title: 'script 6 CANNOT_SET_QUOTA: no quota',
          words: 'no quota',
          returnValue: 6,
          count: 1,
          added: 1,
          first: '2026-11-28T02:00:00.000Z',
          last: '2026-11-28T02:00:00.000Z',
          uids: ['u1'],
          command: 'prov-backup-rsnapshot retry -c /etc/p.yaml u1',
        },
      ],
    });
  });

  it.each([[302], [404], [429], [500], ['hangs' as const]])(
    'waits while the receiver does this: %s, which is not followed',
    async (answer) => {
      const web = await webReceiver();
      web.answer = answer;
      const { outbox } = outboxFor(webhookReceiver(hookAt(`http://localhost:${web.port}/`)));
      outbox.add(about('first'));
      await expect.poll(() => outbox.status().failed).toBeGreaterThan(1);
      web.answer = 204;
      await expect.poll(() => outbox.status().sent).toBe(1);
      expect(web.posts.map(({ path }) => path)).toEqual(['/']);
    },
  );

  it('is done with a receiver whose answer has no end', async () => {
    const web = await webReceiver();
    web.answer = 'drips';
    await webhookReceiver(hookAt(`http://localhost:${web.port}/`)).send(about('x'), never());
  });

  it('waits for a receiver that does not listen', async () => {
    const gone = await webReceiver();
    await gone.stop();
    const { outbox } = outboxFor(webhookReceiver(hookAt(`http://localhost:${gone.port}/`)));
    outbox.add(about('first'));
    await expect.poll(() => outbox.status().failure).toMatch(/ECONNREFUSED/);
    const back = await webReceiver(undefined, gone.port);
    await expect.poll(() => outbox.status().sent).toBe(1);
    expect(back.posts).toHaveLength(1);
  });

  it('is tried by a connection alone, encrypted where the URL says so', async () => {
    const web = await webReceiver(certificates.right);
    const options = hookAt(`https://localhost:${web.port}/`, {
      readAuthorities: () => readFile(certificates.caFile, 'latin1'),
    });
    await tryWebhook(options, never());
    await expect(tryWebhook(hookAt(options.url), never())).rejects.toThrow(/certificate/);
    expect(web.posts).toEqual([]);
  });
});

describe('the end of the service', () => {
  let silent: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    silent = createServer((socket) => sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });

  it.each([['mail'], ['webhook']])('waits only shortly for a %s that hangs, and says what is lost', async (name) => {
    const { port } = silent.address() as { port: number };
    const receiver =
      name === 'mail' ? mailReceiver(mailTo(port)) : webhookReceiver(hookAt(`http://127.0.0.1:${port}/`));
    const { outbox, notices } = outboxFor(receiver, 30_000);
    outbox.add(about('first'));
    outbox.add(about('second'));
    const begun = performance.now();
    await outbox.close(100);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(outbox.status()).toMatchObject({ lost: 2, queued: 0 });
    expect(notices.at(-1)).toMatch(/^could not send 2 notifications to /);
  });

  it('still sends what waits for another attempt', async () => {
    const web = await webReceiver();
    web.answer = 500;
    const { outbox } = outboxFor(webhookReceiver(hookAt(`http://127.0.0.1:${web.port}/`)));
    outbox.add(about('first'));
    await expect.poll(() => outbox.status().failed).toBeGreaterThan(0);
    web.answer = 204;
    await outbox.close(2_000);
    expect(web.posts).toHaveLength(1);
  });
});
