import type { Settings } from '../../config/schema.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import { type MailOptions, mailReceiver, tryMail } from '../notify/mail.ts';
import type { Receiver } from '../notify/outbox.ts';
import type { Message } from '../notify/trouble.ts';
import { tryWebhook, type WebhookOptions, webhookReceiver } from '../notify/webhook.ts';
import { notifyTargets } from '../service/open-notifier.ts';
import { runCheck } from './run-check.ts';

const ANSWER_TIMEOUT = 10_000;

/**
 * Checks the receivers of notifications: connects, encrypts and authenticates. A test message is
 * sent only if `sendsTest` is true.
 */
export async function checkNotify(
  { notify }: Settings,
  configFile: string,
  sendsTest: boolean,
  now: number,
): Promise<CheckLine[]> {
  const { mail, webhook } = notifyTargets(notify, configFile);
  if (sendsTest && mail === undefined && webhook === undefined) {
    const remedy = 'set notify.mail or notify.webhook';
    return [{ verdict: 'fail', what: 'notify', found: 'no receiver of notifications is configured', remedy }];
  }
  return [
    ...(mail === undefined ? [] : await checkReceiver(mailReceiver(mail), () => checkMail(mail), sendsTest, now)),
    ...(webhook === undefined
      ? []
      : await checkReceiver(webhookReceiver(webhook), () => checkWebhook(webhook), sendsTest, now)),
  ];
}

async function checkReceiver(
  receiver: Receiver,
  tries: () => Promise<Found>,
  sendsTest: boolean,
  now: number,
): Promise<CheckLine[]> {
  const what = `notify ${receiver.name}`;
  const remedy = `check the receiver, or correct notify.${receiver.name}`;
  const line = await orFail(what, remedy, tries);
  if (!sendsTest || line.verdict === 'fail') return [line];
  const sent = await orFail(`${what} test`, remedy, async () => {
    await receiver.send(testMessage(now), AbortSignal.timeout(ANSWER_TIMEOUT));
    return { verdict: 'ok', found: `a test message was sent to ${receiver.target}` };
  });
  return [line, sent];
}

async function orFail(what: string, remedy: string, check: () => Promise<Found>): Promise<CheckLine> {
  const line = await runCheck(what, check);
  return line.verdict === 'fail' ? { remedy, ...line } : line;
}

async function checkMail(options: MailOptions): Promise<Found> {
  const { server, user, to } = options;
  const { isEncrypted } = await tryMail(options, AbortSignal.timeout(ANSWER_TIMEOUT));
  const how = isEncrypted ? 'encrypted, certificate and name verified' : 'not encrypted';
  const who = user === null ? 'without authentication' : `authenticated as ${user}`;
  const found = `${server.scheme}://${server.host}:${server.port} accepts mail to ${to.join(', ')}: ${how}, ${who}`;
  if (isEncrypted || isLoopbackHost(server.host)) return { verdict: 'ok', found };
  return {
    verdict: 'advice',
    found,
    remedy: 'set notify.mail.startTls: true, because the mails contain names of accounts',
  };
}

async function checkWebhook(options: WebhookOptions): Promise<Found> {
  const { origin, protocol, hostname } = new URL(options.url);
  await tryWebhook(options, AbortSignal.timeout(ANSWER_TIMEOUT));
  if (protocol === 'https:') return { verdict: 'ok', found: `${origin} can be reached, certificate and name verified` };
  const found = `${origin} can be reached, not encrypted`;
  if (isLoopbackHost(hostname.replace(/^\[(.*)\]$/, '$1'))) return { verdict: 'ok', found };
  return { verdict: 'advice', found, remedy: 'use an https:// URL, because notifications contain names of accounts' };
}

function testMessage(time: number): Message {
  const trouble = { event: 'failed', key: 'test', title: 'this is a test: nothing has failed' } as const;
  const report = { state: 'resolved', trouble, count: 0, added: 0, first: time, last: time, subjects: [] } as const;
  return { time, occasion: 'test', reports: [report] };
}
