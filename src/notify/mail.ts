import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { bodyOf, type Sender, subjectOf, threadId } from './message-words.ts';
import { type Receiver, Refused } from './outbox.ts';
import type { Message } from './trouble.ts';

export interface MailOptions {
  readonly server: { readonly scheme: 'smtp' | 'smtps'; readonly host: string; readonly port: number };
  readonly startTls: boolean;
  readonly from: string;
  readonly to: readonly string[];
  /** The user name for SMTP AUTH; null: no authentication. */
  readonly user: string | null;
  /** Reads the password of `user`. Called once for each connection. */
  readonly readPassword: () => Promise<string>;
  /**
   * Reads the accepted certificate authorities in PEM form; undefined: those of Node.js. Called
   * once for each connection.
   */
  readonly readAuthorities: () => Promise<string | undefined>;
  /** The name of this host. */
  readonly host: string;
  readonly sender: Sender;
}

/** Sends messages by SMTP, each on a connection of its own. */
export function mailReceiver(options: MailOptions): Receiver {
  const { server, to } = options;
  /** The recipients that have accepted a message. A further attempt sends it to the others only. */
  const acceptedBy = new WeakMap<Message, ReadonlySet<string>>();
  return {
    name: 'mail',
    target: `${to.join(', ')} by ${server.scheme}://${server.host}:${server.port}`,
    send: async (message, signal) => {
      const raw = await compose(message, options);
      const accepted = acceptedBy.get(message) ?? new Set();
      const left = to.filter((address) => !accepted.has(address));
      await onConnection(options, signal, async (connection) => {
        const refused = await deliver(connection, raw, { from: options.from, to: left });
        acceptedBy.set(message, new Set(to.filter((address) => !refused.includes(address))));
        if (refused.length > 0) throw refusalOf(refused);
      });
    },
  };
}

function refusalOf(recipients: readonly string[]): Refused {
  return new Refused(`the server refuses ${counted(recipients.length, 'recipient')}: ${recipients.join(', ')}`);
}

/**
 * Connects, encrypts and authenticates, and sends nothing. Resolves to whether the connection is
 * encrypted.
 */
export async function tryMail(options: MailOptions, signal: AbortSignal): Promise<{ readonly isEncrypted: boolean }> {
  let isEncrypted = false;
  await onConnection(options, signal, async (connection) => {
    isEncrypted = connection.secure;
  });
  return { isEncrypted };
}

/** Builds the message in the format of RFC 5322. Header values have no control characters. */
async function compose(message: Message, { from, to, host, sender }: MailOptions): Promise<Buffer> {
  const references = [...new Set(message.reports.map((report) => `<${threadId(report)}@${host}>`))].slice(0, 20);
  const composer = new MailComposer({
    from: { name: sender.service, address: from },
    to: to.map((address) => ({ name: '', address })),
    subject: subjectOf(message, sender),
    date: new Date(message.time),
    // All mails about one cause are in one thread, even after a restart of the service.
    references,
    ...defined({ inReplyTo: references[0] }),
    // RFC 3834: automatic responders must not answer.
    headers: { 'Auto-Submitted': 'auto-generated', Precedence: 'bulk' },
    text: bodyOf(message, sender),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/**
 * Calls `use` with a connection that is encrypted and authenticated as the options say, and closes
 * it afterwards.
 */
async function onConnection(
  options: MailOptions,
  signal: AbortSignal,
  use: (connection: SMTPConnection) => Promise<void>,
): Promise<void> {
  const { server, startTls, host: name } = options;
  const authorities = await options.readAuthorities();
  const socket = await openSocket(server, signal);
  const connection = new SMTPConnection({
    connection: socket,
    host: server.host,
    port: server.port,
    secure: server.scheme === 'smtps',
    requireTLS: startTls,
    ignoreTLS: !startTls,
    name,
    tls: { minVersion: 'TLSv1.2', ...defined({ ca: authorities }) },
    socketCloseTimeout: 0,
  });
  const broken = new Promise<never>((_, reject) => {
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('the server closed the connection')));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  broken.catch(() => undefined);
  try {
    await Promise.race([
      broken,
      greeted(connection)
        .then(() => authenticate(connection, options))
        .then(() => use(connection)),
    ]);
  } finally {
    connection.close();
    socket.destroy();
  }
}

async function openSocket({ host, port }: MailOptions['server'], signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ host, port });
  const abort = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function greeted(connection: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
}

async function authenticate(connection: SMTPConnection, { user, readPassword }: MailOptions): Promise<void> {
  if (user === null) return;
  const pass = await readPassword();
  if (pass === '') throw new Error('the password of notify.mail.user is empty');
  await new Promise<void>((resolve, reject) =>
    connection.login({ credentials: { user, pass } }, (error) => (error ? reject(error) : resolve())),
  );
}

/** Resolves to the refused recipients if the server accepts the message for at least one other. */
function deliver(
  connection: SMTPConnection,
  raw: Buffer,
  { from, to }: Pick<MailOptions, 'from' | 'to'>,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) =>
    connection.send({ from, to: [...to] }, raw, (error, info) => {
      if (error) reject(asRefusal(error));
      else resolve((info?.rejected ?? []).map(String));
    }),
  );
}

/** A reply of 500 or higher is a permanent refusal (RFC 5321, section 4.2.1). */
function asRefusal(error: Error & { readonly responseCode?: number | undefined }): Error {
  return (error.responseCode ?? 0) >= 500 ? new Refused(error.message) : error;
}
