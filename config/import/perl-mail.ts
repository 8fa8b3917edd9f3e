import { isLoopbackHost } from '../../src/domain/loopback.ts';
import { mailAddress } from '../kinds/notify-kinds.ts';
import type { Values } from './perl-values.ts';

/**
 * Translates the mail settings of the Perl daemon to `notify.mail`. Returns nothing if it sent no
 * mails.
 */
export function mailOf(values: Values, passwordFile: string): Readonly<Record<string, unknown>> {
  const sendTo = values.get('Mail', 'SENDTO');
  if (sendTo === undefined) return {};
  const to = sendTo.value.split(/[\s,;]+/).filter((address) => address !== '');
  const wrong = to.some((address) => !mailAddress.safeParse(address).success);
  const server = serverOf(values);
  if (wrong) values.remark(sendTo, 'todo', 'not mail addresses: set notify.mail');
  if (wrong || server === undefined) return {};
  remarkOnSuccessMails(values);
  return { notify: { mail: { ...server, from: senderOf(values, to), to, ...userOf(values, passwordFile) } } };
}

/** The server and how the connection to it is encrypted. */
function serverOf(values: Values): Readonly<Record<string, unknown>> | undefined {
  const host = values.get('Mail', 'HOST');
  if (host === undefined) {
    values.missing('notify.mail.server: [Mail] HOST is missing, so no mails are sent', 'todo');
    return undefined;
  }
  const port = values.get('Mail', 'PORT')?.value;
  const ssl = values.get('Mail', 'SSL');
  const way = ssl?.value.toLowerCase() ?? '';
  const name = /^[0-9a-f]*:[0-9a-f:.]*$/i.test(host.value) ? `[${host.value}]` : host.value;
  const at = `${name}${port === undefined ? '' : `:${port}`}`;
  if (way === 'ssl' || way === 'tls' || port === '465') return { server: `smtps://${at}` };
  if (way === 'starttls') return { server: `smtp://${at}` };
  if (isLoopbackHost(host.value)) return { server: `smtp://${at}`, startTls: false };
  const words =
    'notify.mail.startTls is true, because the mails contain names of accounts: run check to see whether the server offers it';
  values.remark(ssl ?? host, 'todo', words);
  return { server: `smtp://${at}` };
}

function senderOf(values: Values, to: readonly string[]): string | undefined {
  const from = values.get('Mail', 'FROMNAME');
  if (from !== undefined && mailAddress.safeParse(from.value).success) return from.value;
  const words = `notify.mail.from is the first recipient: set it to the address of the sender`;
  if (from === undefined) values.missing(words, 'todo');
  else values.remark(from, 'todo', `not a mail address; ${words}`);
  return to[0];
}

function userOf(values: Values, passwordFile: string): Readonly<Record<string, unknown>> {
  const user = values.get('Mail', 'USERNAME');
  const password = values.get('Mail', 'PASSWORD');
  if (user === undefined) {
    if (password !== undefined) values.remark(password, 'note', 'not used without USERNAME');
    return {};
  }
  if (password === undefined) {
    values.missing(`notify.mail.passwordFile: put the password into ${passwordFile}, mode 0600`, 'todo');
  }
  return { user: user.value, passwordFile };
}

function remarkOnSuccessMails(values: Values): void {
  const wanted = values.get('Mail', 'WANTINFOMAIL');
  if (wanted?.value !== '1') return;
  values.remark(wanted, 'note', 'no mails are sent about successes; notify.digest sends a daily summary');
}
