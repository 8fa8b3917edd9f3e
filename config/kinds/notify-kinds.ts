import { NOTIFY_EVENTS, type NotifyEvent } from '../../src/domain/notify.ts';
import { isLine, kind, Mismatch } from './kind.ts';
import { nearestWord } from './nearest.ts';

/** A mail server. */
export interface MailServer {
  readonly scheme: 'smtp' | 'smtps';
  readonly host: string;
  readonly port: number;
}

/** The default ports (RFC 6409 and RFC 8314). */
const MAIL_PORTS = { smtp: 587, smtps: 465 } as const;

/**
 * The server that accepts the mails: `smtp://HOST:PORT` (port 587), or `smtps://HOST:PORT` (port
 * 465).
 */
export const mailServer = kind<MailServer>(
  'smtp://HOST:PORT | smtps://HOST:PORT',
  'smtp://HOST:PORT or smtps://HOST:PORT, such as smtp://mail.example.org:587',
  (given) => {
    const match = isLine(given)
      ? /^(smtps?):\/\/(?:\[([\da-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?\/?$/i.exec(given)
      : null;
    if (match === null)
      return new Mismatch(
        isLine(given) && given.includes('@') ? 'the user and the password have their own keys' : undefined,
      );
    const scheme = match[1]?.toLowerCase() === 'smtps' ? 'smtps' : 'smtp';
    const port = match[4] === undefined ? MAIL_PORTS[scheme] : Number(match[4]);
    if (port < 1 || port > 65_535) return new Mismatch('a port is a number from 1 to 65535');
    return { scheme, host: (match[2] ?? match[3] ?? '').toLowerCase(), port };
  },
);

const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/;

export const mailAddress = kind<string>(
  'mail address',
  'a mail address such as ops@example.org, without a name',
  (given) => (typeof given === 'string' && ADDRESS.test(given) ? given : new Mismatch()),
);

/** One mail address or several. */
export const mailAddresses = kind<readonly string[]>(
  'mail addresses',
  'mail addresses such as [ops@example.org], without names',
  (given) => {
    const list = Array.isArray(given) ? given : [given];
    const wrong = list.find((each) => typeof each !== 'string' || !ADDRESS.test(each));
    if (wrong !== undefined || list.length > 100) return new Mismatch();
    return [...new Set(list as string[])];
  },
);

/** The URL of a webhook, as text. */
export const webUrl = kind<string>(
  'https://... | http://...',
  'an https:// or http:// URL such as https://hooks.example.org/prov',
  (given) => {
    if (!isLine(given) || !URL.canParse(given)) return new Mismatch();
    const { protocol, username, password, hash } = new URL(given);
    if (protocol !== 'https:' && protocol !== 'http:') return new Mismatch();
    if (username !== '' || password !== '') return new Mismatch('put a password into headers: Authorization');
    return hash === '' ? given : new Mismatch('the part after # is never sent');
  },
);

/** Headers that the HTTP client sets itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  'te',
  'trailer',
]);

/** Headers of HTTP by name (RFC 9110, section 5). Their values may be secret. */
export const httpHeaders = kind<Readonly<Record<string, string>>>(
  'headers',
  'headers by name, such as { Authorization: "Bearer TOKEN" }',
  (given) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return new Mismatch();
    for (const [name, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
        return new Mismatch('the name of a header has only letters, digits and -');
      if (OWN_HEADERS.has(name.toLowerCase())) return new Mismatch(`${name} is set by the request itself`);
      if (typeof value === 'number' || typeof value === 'boolean') return new Mismatch(`write ${name} in quotes`);
      if (typeof value !== 'string' || !/^[\t\x20-\x7e\xa0-\xff]*$/.test(value))
        return new Mismatch(`the value of ${name} must be one line of printable characters`);
    }
    return given as Readonly<Record<string, string>>;
  },
);

/** The events about which notifications are sent. */
export const notifyEvents = kind<readonly NotifyEvent[]>(
  NOTIFY_EVENTS.join(' | '),
  `a list of ${NOTIFY_EVENTS.join(', ')}`,
  (given) => {
    const list = Array.isArray(given) ? given : [given];
    for (const name of list) {
      if (NOTIFY_EVENTS.some((known) => known === name)) continue;
      const similar = typeof name === 'string' ? nearestWord(name, NOTIFY_EVENTS) : undefined;
      return new Mismatch(similar === undefined ? undefined : `${JSON.stringify(name).slice(0, 40)}: ${similar}?`);
    }
    return [...new Set(list as NotifyEvent[])];
  },
);

/** A time of day, `HH:MM`. */
export const timeOfDay = kind<string>('HH:MM', 'a time of day in quotes, such as "07:00"', (given) => {
  if (typeof given === 'number') return new Mismatch('YAML may read it as a number without the quotes');
  return typeof given === 'string' && /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(given) ? given : new Mismatch();
});
