import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { readPassword } from '../config/password.ts';
import type { Settings } from '../config/schema.ts';
import { readInput } from './host/input-file.ts';
import { LARGEST_AUTHORITIES } from './ldap/tls-material.ts';
import type { MailOptions } from './notify/mail.ts';
import type { Notifier } from './notify/notifier.ts';
import type { WebhookOptions } from './notify/webhook.ts';
import { programVersion } from './version.ts';

const PROGRAM = 'prov-backup-rsnapshot';

/** Whom the settings say to notify, and how; undefined: nobody in this way. */
export interface NotifyTargets {
  readonly mail: MailOptions | undefined;
  readonly webhook: WebhookOptions | undefined;
}

export function notifyTargets({ mail, webhook }: Settings['notify'], configFile: string): NotifyTargets {
  // It becomes part of addresses in headers.
  const host = hostname().replace(/[^\w.-]/g, '') || 'localhost';
  const sender = { service: `${PROGRAM}@${host}`, configFile: resolve(configFile) };
  const { server, from, to, user, passwordFile, startTls } = mail;
  const readPasswordFile = () => (passwordFile === null ? Promise.resolve('') : readPassword(passwordFile));
  return {
    mail:
      server === null || from === null
        ? undefined
        : {
            ...{ server, startTls: startTls && server.scheme === 'smtp', from, to, user, host, sender },
            readPassword: readPasswordFile,
            readAuthorities: authoritiesIn(mail.caFile),
          },
    webhook:
      webhook.url === null
        ? undefined
        : {
            ...{ url: webhook.url, headers: webhook.headers, sender },
            agent: `${PROGRAM}/${programVersion()}`,
            readAuthorities: authoritiesIn(webhook.caFile),
          },
  };
}

/** Notifies people of the events that it takes, if the settings say whom. */
export async function openServiceNotifier(
  { notify, timeZone }: Settings,
  configFile: string,
  journalFailure: () => string | undefined,
  notice: (message: string) => void,
): Promise<Notifier | undefined> {
  const { mail, webhook } = notifyTargets(notify, configFile);
  if (mail === undefined && webhook === undefined) return undefined;
  const { createNotifier } = await import('./notify/notifier.ts');
  const { mailReceiver } = await import('./notify/mail.ts');
  const { webhookReceiver } = await import('./notify/webhook.ts');
  const { quiet, remind, mostPerHour, on, digest } = notify;
  return createNotifier({
    limits: { quiet, remind: remind ?? undefined, mostPerHour },
    on,
    digest: digest === null ? undefined : { timeOfDay: digest, timeZone },
    receivers: [
      ...(mail === undefined ? [] : [mailReceiver(mail)]),
      ...(webhook === undefined ? [] : [webhookReceiver(webhook)]),
    ],
    journalFailure,
    now: Date.now,
    notice,
  });
}

function authoritiesIn(file: string | null): () => Promise<string | undefined> {
  return async () => (file === null ? undefined : (await readInput(file, LARGEST_AUTHORITIES)).toString('latin1'));
}
