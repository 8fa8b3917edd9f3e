import { isLoopbackHost } from '../src/domain/loopback.ts';
import type { FaultAt } from './fault.ts';
import type { PartialSettings } from './schema.ts';

/** Returns the contradictions between the settings for notifications. */
export function notifyFaults({ mail, webhook }: PartialSettings['notify']): FaultAt[] {
  return [...mailFaults(mail), ...passwordFaults(mail), ...webhookFaults(webhook)];
}

function mailFaults({ server, startTls, from, to, user }: PartialSettings['notify']['mail']): FaultAt[] {
  const at = (key: string) => ['notify', 'mail', key];
  if (server === undefined) return [];
  if (server === null) {
    const isMeant = (to !== undefined && to.length > 0) || typeof from === 'string' || typeof user === 'string';
    return isMeant
      ? [{ path: at('server'), expected: 'the server that accepts the mails, because notify.mail is set' }]
      : [];
  }
  const faults: FaultAt[] = [];
  if (from === null) faults.push({ path: at('from'), expected: 'the address of the sender of the mails' });
  if (to?.length === 0) faults.push({ path: at('to'), expected: 'the addresses of the recipients of the mails' });
  const { scheme, host = '' } = server;
  if (scheme === 'smtps' || startTls !== false || typeof user !== 'string' || isLoopbackHost(host)) return faults;
  const expected = 'true, or an smtps:// server, because otherwise a password would be sent unencrypted';
  return [...faults, { path: at('startTls'), expected }];
}

function passwordFaults({ user, passwordFile }: PartialSettings['notify']['mail']): FaultAt[] {
  if (user === undefined || passwordFile === undefined || (user === null) === (passwordFile === null)) return [];
  return user === null
    ? [{ path: ['notify', 'mail', 'user'], expected: 'the user name for the mail server, because passwordFile is set' }]
    : [{ path: ['notify', 'mail', 'passwordFile'], expected: 'the file with the password of notify.mail.user' }];
}

/** Requires https for headers, because they may be secret. */
function webhookFaults({ url, headers }: PartialSettings['notify']['webhook']): FaultAt[] {
  if (typeof url !== 'string' || headers === undefined || Object.keys(headers).length === 0) return [];
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopbackHost(hostname.replace(/^\[(.*)\]$/, '$1'))) return [];
  const expected = 'an https:// URL, because headers may be secret and would be sent unencrypted';
  return [{ path: ['notify', 'webhook', 'url'], expected }];
}
