import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { SMTPServer, type SMTPServerError } from 'smtp-server';
import { execute } from './children.ts';
import type { ServerTls } from './slapd-config.ts';

export interface MailServerOptions {
  /** With it StartTLS is offered. */
  readonly tls?: ServerTls;
  /** The user that has to authenticate; its password may change. */
  readonly user?: { readonly name: string; password: string };
  /** 0: any free one. */
  readonly port?: number;
}

/** A mail as Python reads it. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A real SMTP server on loopback that keeps what it gets. */
export interface MailServer {
  readonly port: number;
  /** The number of mails so far. */
  readonly count: () => number;
  /** The mails so far. */
  readonly mails: () => Promise<readonly ReceivedMail[]>;
  /** The number of connections so far. */
  readonly connections: () => number;
  /** How it reacts to mail from now on: it accepts it, answers with a code, or does not answer. */
  answer: 'takes' | 'hangs' | number;
  /** Recipients that it refuses. */
  readonly refused: Set<string>;
  stop(): Promise<void>;
}

export async function startMailServer({ tls, user, port = 0 }: MailServerOptions = {}): Promise<MailServer> {
  let connections = 0;
  const taken: Array<Pick<ReceivedMail, 'to' | 'isEncrypted'> & { readonly raw: string }> = [];
  const state: Pick<MailServer, 'answer' | 'refused'> = { answer: 'takes', refused: new Set() };
  const refusal = (code: number): SMTPServerError => Object.assign(new Error('not now'), { responseCode: code });
  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    ...(tls === undefined
      ? { hideSTARTTLS: true, disabledCommands: ['STARTTLS', ...(user === undefined ? ['AUTH'] : [])] }
      : { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) }),
    authOptional: user === undefined,
    allowInsecureAuth: tls === undefined,
    closeTimeout: 10,
    onConnect: (_session, callback) => {
      connections += 1;
      if (state.answer === 'hangs') return;
      callback(state.answer === 421 ? refusal(421) : undefined);
    },
    onAuth: ({ username, password }, _session, callback) => {
      if (username === user?.name && password === user?.password) callback(undefined, { user: username });
      else callback(refusal(535));
    },
    onRcptTo: ({ address }, _session, callback) => {
      if (state.refused.has(address)) callback(refusal(550));
      else callback(typeof state.answer === 'number' ? refusal(state.answer) : undefined);
    },
    onData: async (stream, { envelope, secure }, callback) => {
      const raw = Buffer.concat(await stream.toArray()).toString('latin1');
      taken.push({ to: envelope.rcptTo.map(({ address }) => address), isEncrypted: secure, raw });
      callback();
    },
  });
  // Clients go away in the middle of a test.
  server.on('error', () => undefined);
  const listening = server.listen(port, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  return Object.assign(state, {
    port: bound,
    connections: () => connections,
    count: () => taken.length,
    mails: async () => {
      const read = await readMails(taken.map(({ raw }) => raw));
      return taken.map(({ to, isEncrypted }, index) => ({ to, isEncrypted, ...(read[index] ?? NOTHING) }));
    },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

const NOTHING = { headers: {}, text: '' };

const READER = `
import email, email.policy, json, sys
def read(raw):
    mail = email.message_from_string(raw, policy=email.policy.default)
    return {"headers": {name.lower(): str(value) for name, value in mail.items()}, "text": mail.get_content()}
print(json.dumps([read(raw) for raw in json.load(sys.stdin)]))
`;

/** Reads mails with another program than the one that has composed them. */
async function readMails(raws: readonly string[]): Promise<ReadonlyArray<Pick<ReceivedMail, 'headers' | 'text'>>> {
  const { stdout } = await execute('/usr/bin/python3', ['-c', READER], { input: JSON.stringify(raws) });
  return JSON.parse(stdout);
}
