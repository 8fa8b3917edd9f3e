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

/**
 * The receivers of notifications, according to the settings. undefined: there are none of this
 * kind.
 */
export interface NotifyTargets {
  readonly mail: MailOptions | undefined;
  readonly webhook: WebhookOptions | undefined;
}

export function notifyTargets({ mail, webhook }: Settings['notify'], configFile: string): NotifyTargets {
  // The name becomes part of addresses in mail headers.
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

/** The states that no event reports. */
export interface WatchedStates {
  /** Why the journal cannot be written; undefined if it can. */
  readonly journalFailure: () => string | undefined;
  /** The canary; undefined if there is none. */
  readonly canary: () => CanaryStatus | undefined;
}

export interface ServiceNotifier extends Pick<Notifier, 'take' | 'status' | 'close'> {
  /** Applies other settings. */
  use(settings: Settings): Promise<void>;
}

/**
 * Creates the notifier. It sends notifications about the events that it takes, if the settings name
 * a receiver.
 */
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
      const receiversOf = ({ mail, webhook }: Settings['notify']) => JSON.stringify([mail, webhook]);
      if (JSON.stringify(next.notify) === JSON.stringify(notify)) return;
      const isSame = receiversOf(next.notify) === receiversOf(notify);
      notify = next.notify;
      const current = await notifySettings(next, configFile);
      using = isSame ? { ...current, receivers: using.receivers } : current;
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
        const remedy = 'check its folder, permissions and room';
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
