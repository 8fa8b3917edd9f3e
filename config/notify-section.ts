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

/** Who is told of what needs a hand. */
export const notifySection = section(
  'Mails and calls of a webhook about what needs a hand: by cause, and not by account.',
  {
    mail: section('Mail, handed in by SMTP.', {
      server: setting(
        'The server that takes it, by smtp:// (port 587) or smtps:// (port 465); null: no mail is sent.',
        null,
        orNull(mailServer),
      ),
      startTls: setting(
        'Turn an smtp:// connection into an encrypted one before anything is said on it; the name and the certificate of the server are always verified.',
        true,
        yesOrNo,
      ),
      caFile: setting(
        'PEM file of the accepted authorities; null: those that Node.js brings.',
        null,
        orNull(absolutePath),
      ),
      from: setting('The address that mails come from.', null, orNull(mailAddress)),
      to: setting('Who gets them.', [], mailAddresses),
      user: setting('Who authenticates to the server; null: nobody.', null, orNull(text('text', 'a user name'))),
      passwordFile: setting(
        'File that holds the password of that user; read again at each connection, one newline at its end is dropped.',
        null,
        orNull(inputFile),
      ),
    }),
    webhook: section('A webhook, which gets JSON by POST: { service, events: [...] }.', {
      url: setting('Its URL, which is not followed to another one; null: none is called.', null, orNull(webUrl)),
      headers: setting(
        'Further headers of the request; no other user of the host may read this file then.',
        {},
        httpHeaders,
      ),
      caFile: setting(
        'PEM file of the accepted authorities; null: those that Node.js brings.',
        null,
        orNull(absolutePath),
      ),
    }),
    on: setting(
      'What is told: failed (accounts that are not tried again, and writes that the directory refuses), disconnected (for longer than 30s, or quiet), conflict (another service that should not be there), paused (by an operator, the switch or the brake), canary (it is late), journal (it cannot be written).',
      ['failed', 'disconnected'],
      notifyEvents,
    ),
    quiet: setting(
      'The first of a cause is told at once, and what follows within this time together; as long must it be over before that is told.',
      '5m',
      duration('1s', '1d'),
    ),
    remind: setting(
      'Time from one reminder of all that is still broken to the next; null: there are none.',
      '4h',
      orNull(duration('1m', '30d')),
    ),
    mostPerHour: setting(
      'The most messages within an hour; the last one says that the rest waits.',
      20,
      wholeNumber(1, 1_000),
    ),
    digest: setting(
      'When a message a day says what happened and what is broken, in timeZone; nothing is sent where there is nothing to say; null: never.',
      null,
      orNull(timeOfDay),
    ),
  },
);
