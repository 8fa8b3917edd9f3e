import { absolutePath, duration, inputFile, orNull, text, wholeNumber, yesOrNo } from './kinds/kind.ts';
import {
  httpHeaders,
  mailAddress,
  mailAddresses,
  mailServer,
  notifyEvents,
  timeOfDay,
  webUrl,
} from './kinds/notify-kinds.ts';
import { section, setting } from './kinds/setting.ts';

/** The settings of the notifications. */
export const notifySection = section(
  'Notifications by mail and webhook about problems that need attention. They are grouped by cause, not by account.',
  {
    mail: section('Mail, by SMTP.', {
      server: setting(
        'The mail server, as smtp:// (port 587) or smtps:// (port 465); null: no mail is sent.',
        null,
        orNull(mailServer),
      ),
      startTls: setting(
        'Encrypt an smtp:// connection (STARTTLS) before anything else is sent. The name and the certificate of the server are always verified.',
        true,
        yesOrNo,
      ),
      caFile: setting(
        'PEM file of the accepted certificate authorities; null: those of Node.js.',
        null,
        orNull(absolutePath),
      ),
      from: setting('The sender of the mails.', null, orNull(mailAddress)),
      to: setting('The recipients of the mails.', [], mailAddresses),
      user: setting('The user name at the mail server; null: none.', null, orNull(text('text', 'a user name'))),
      passwordFile: setting(
        'File with the password of that user. It is read at each connection; one newline at its end is dropped.',
        null,
        orNull(inputFile),
      ),
    }),
    webhook: section('A webhook. It gets JSON by POST: { service, events: [...] }.', {
      url: setting('Its URL. Redirects are not followed. null: there is no webhook.', null, orNull(webUrl)),
      headers: setting(
        'Additional headers of the request. If there are any, no other user of the host may be able to read this file.',
        {},
        httpHeaders,
      ),
      caFile: setting(
        'PEM file of the accepted certificate authorities; null: those of Node.js.',
        null,
        orNull(absolutePath),
      ),
    }),
    on: setting(
      'What to notify about: failed (accounts that are not tried again, and writes that the directory refuses), disconnected (for longer than 30s, or quiet), conflict (another service that should not run), paused (by an operator, the switch or the brake), canary (it is late), journal (it cannot be written).',
      ['failed', 'disconnected'],
      notifyEvents,
    ),
    quiet: setting(
      'The first failure of a cause is reported at once. Further ones within this time are reported together. The end of a cause is reported when it has been gone for this time.',
      '5m',
      duration('1s', '1d'),
    ),
    remind: setting(
      'Time between two reminders of all problems that still exist; null: no reminders.',
      '4h',
      orNull(duration('1m', '30d')),
    ),
    mostPerHour: setting(
      'The largest number of messages within an hour. The last one says that further messages wait.',
      20,
      wholeNumber(1, 1_000),
    ),
    digest: setting(
      'Time of day, in timeZone, of a daily message about the last day and the problems that still exist. Nothing is sent if there is nothing to report. null: never.',
      null,
      orNull(timeOfDay),
    ),
  },
);
