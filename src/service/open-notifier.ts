import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { readPassword } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { CanaryStatus } from '../domain/status.ts';
import { readInput } from '../host/input-file.ts';
import { programVersion } from '../host/version.ts';
import { LARGEST_AUTHORITIES } from '../ldap/tls-material.ts';
import type { MailOptions } from '../notify/mail.ts';
import type { Notifier, NotifySettings, WatchedState } from '../notify/notifier.ts';
import type { Receiver } from '../notify/outbox.ts';
import type { WebhookOptions } from '../notify/webhook.ts';

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

/** The states that have no events. */
export interface WatchedStates {
  /** Why the journal cannot be written; undefined if it can. */
  readonly journalFailure: () => string | undefined;
  /** The canary; undefined if there is none. */
  readonly canary: () => CanaryStatus | undefined;
}

export interface ServiceNotifier extends Pick<Notifier, 'take' | 'status' | 'close'> {
  /** Does as other settings say. */
  use(settings: Settings): Promise<void>;
}

/** Notifies people of the events that it takes, if the settings say whom. */
export async function openServiceNotifier(
  settings: Settings,
  configFile: string,
  states: WatchedStates,
  notice: (message: string) => void,
): Promise<ServiceNotifier> {
  const { createNotifier } = await import('../notify/notifier.ts');
  let { notify } = settings;
  let using = await notifySettings(settings, configFile);
  const { take, status, use, close } = createNotifier({
    ...using,
    states: watched(states),
    now: Date.now,
    notice,
  });
  return {
    take,
    status,
    close,
    use: async (next) => {
      const whom = ({ mail, webhook }: Settings['notify']) => JSON.stringify([mail, webhook]);
      if (JSON.stringify(next.notify) === JSON.stringify(notify)) return;
      const isSame = whom(next.notify) === whom(notify);
      notify = next.notify;
      const wanted = await notifySettings(next, configFile);
      using = isSame ? { ...wanted, receivers: using.receivers } : wanted;
      use(using);
    },
  };
}

async function notifySettings({ notify, timeZone }: Settings, configFile: string): Promise<NotifySettings> {
  const { mail, webhook } = notifyTargets(notify, configFile);
  const { quiet, remind, mostPerHour, on, digest } = notify;
  const receivers: Receiver[] = [];
  if (mail !== undefined) receivers.push((await import('../notify/mail.ts')).mailReceiver(mail));
  if (webhook !== undefined) receivers.push((await import('../notify/webhook.ts')).webhookReceiver(webhook));
  return {
    limits: { quiet, remind: remind ?? undefined, mostPerHour },
    on: receivers.length === 0 ? [] : on,
    digest: digest === null ? undefined : { timeOfDay: digest, timeZone },
    receivers,
  };
}

function watched({ journalFailure, canary }: WatchedStates): WatchedState[] {
  return [
    {
      event: 'journal',
      name: 'the journal',
      failure: () => {
        const words = journalFailure();
        const remedy = 'see to its folder, permissions and room';
        return words === undefined ? undefined : { title: 'the journal cannot be written', words, remedy };
      },
    },
    {
      event: 'canary',
      name: 'the canary',
      failure: () => {
        const { late = false, dn = '', failure } = canary() ?? {};
        if (!late) return undefined;
        const words = failure ?? 'it was asked for, and not answered for two intervals';
        return { title: `the canary ${dn} is late`, words, remedy: 'what is asked for may not be done: see status' };
      },
    },
  ];
}

function authoritiesIn(file: string | null): () => Promise<string | undefined> {
  return async () => (file === null ? undefined : (await readInput(file, LARGEST_AUTHORITIES)).toString('latin1'));
}
