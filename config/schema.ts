import type * as z from 'zod';
import { stepSections } from '../handlers/steps/registry.ts';
import { listenAddresses, syslogTarget } from './kinds/address-kinds.ts';
import {
  absolutePath,
  duration,
  inputFile,
  oneOf,
  orNull,
  size,
  text,
  timeZone,
  wholeNumber,
  yesOrNo,
} from './kinds/kind.ts';
import { attributeName, attributeNames, distinguishedName, ldapUrls, searchFilter } from './kinds/ldap-kinds.ts';
import { type PartialSettingsOf, required, type SettingsOf, section, setting } from './kinds/setting.ts';
import { notifySection } from './notify-section.ts';

/** How the service binds. */
const AUTH_METHODS = ['simple', 'external', 'anonymous'] as const;

/** How often a failed attempt is repeated, and when. */
function attempts<S extends z.ZodType>(sentence: string, count: S) {
  return section(sentence, {
    attempts: count,
    initial: setting('Pause before the second attempt; doubled after each further one.', '5s', duration('10ms', '1d')),
    max: setting('Longest pause.', '10m', duration('10ms', '7d')),
  });
}

/**
 * All settings of the service, each with its kind, its default, and its sentence in the reference.
 */
export const settingsSchema = section('', {
  directory: section('The directory server and the accounts in it.', {
    url: required(
      'Where the directory is: one URL, or several that are tried in order (ldap, ldaps, ldapi); srv:example.org stands for the servers that the SRV records of _ldap._tcp.example.org name, looked up anew for each round.',
      ldapUrls,
    ),
    startTls: setting(
      'Turn an ldap:// connection into an encrypted one before anything is said on it.',
      false,
      yesOrNo,
    ),
    tls: section(
      'How server and service prove themselves; the name and the certificate of the server are always verified.',
      {
        caFile: setting(
          'PEM file of the accepted authorities; null: those that Node.js brings.',
          null,
          orNull(absolutePath),
        ),
        certFile: setting(
          "PEM file of the service's own certificate, with those of intermediate authorities after it; read again at each connection.",
          null,
          orNull(inputFile),
        ),
        keyFile: setting(
          'PEM file of the key of that certificate, without a passphrase; read again at each connection.',
          null,
          orNull(inputFile),
        ),
      },
    ),
    auth: setting(
      'How the service binds: simple (bindDn and a password), external (SASL EXTERNAL: by tls.certFile, or as the user of the process over ldapi://) or anonymous; null: simple with a bindDn, anonymous without.',
      null,
      orNull(oneOf(...AUTH_METHODS)),
    ),
    bindDn: setting('Who the service is to the directory, for a simple bind.', null, orNull(distinguishedName)),
    bindPasswordFile: setting(
      'File that holds the password; read again at each bind, one newline at its end is dropped.',
      null,
      orNull(inputFile),
    ),
    bindPassword: setting(
      'The password itself; no other user of the host may read this file then.',
      null,
      orNull(text('text', 'text')),
    ),
    bindPasswordFd: setting(
      'File descriptor, opened by whoever starts the service, from which the password is read once.',
      null,
      orNull(wholeNumber(0, 65_535)),
    ),
    allowPlaintext: setting('Allow a password on an unencrypted connection to another host.', false, yesOrNo),
    base: required(
      'The entry under which all accounts are, in any spelling that the directory knows.',
      distinguishedName,
    ),
    filter: setting(
      'Which entries under the base are accounts; the service adds what it needs.',
      '(objectClass=sstProvisioning)',
      searchFilter,
    ),
    behindAfter: setting(
      'How long an add or a modify waits that the server in use shows older than it is known, as after a failover to a server that lags; a delete waits until that catches up, or until it is asked for again.',
      '5m',
      duration('0s', '7d'),
    ),
    subscription: setting(
      'How changes are learnt: auto tries syncrepl (RFC 4533), then persistentSearch.',
      'auto',
      oneOf('auto', 'syncrepl', 'persistentSearch'),
    ),
    requestTimeout: setting(
      'Time limit of connecting and binding, and of each request to the directory; reconnect.deadAfter where that is shorter.',
      '30s',
      duration('100ms', '10m'),
    ),
  }),
  attributes: section('The names of the attributes that the service reads and writes.', {
    mode: setting('What is asked for, in work or finished.', 'sstProvisioningMode', attributeName),
    state: setting('0 while open, then the time when it was finished.', 'sstProvisioningState', attributeName),
    date: setting(
      'The day to do it; of several names the one that the entry has is written.',
      ['sstProvisioningDate', 'sstProvisioningExecutionDate'],
      attributeNames,
    ),
    active: setting('Whether the account is in use; a delete waits for FALSE.', 'sstIsActive', attributeName),
    returnValue: setting(
      'Return code of the last attempt; null: none is written.',
      'sstProvisioningReturnValue',
      orNull(attributeName),
    ),
    executionTime: setting(
      'Seconds that each step of the last attempt took; null: none are written.',
      null,
      orNull(attributeName),
    ),
  }),
  timeZone: setting('The zone in which a day begins and ends.', 'Europe/Zurich', timeZone),
  concurrency: setting('How many accounts are worked on at once.', 8, wholeNumber(1, 1_000)),
  instances: setting(
    'Whether other services may work on the same accounts: one refuses those on its host; several needs leases.base, and one directory.url.',
    'one',
    oneOf('one', 'several'),
  ),
  leases: section('With several instances: who works on a uid, as entries of the directory that all services see.', {
    base: setting(
      'The entry below which the leases are; the service adds and modifies entries there; null: instances must be one.',
      null,
      orNull(distinguishedName),
    ),
    duration: setting(
      'How long a service that does not renew a lease keeps it; its scripts end before that, and others wait as long. At least three times (script.killGrace + 5s).',
      '60s',
      duration('1s', '1d'),
    ),
  }),
  accounts: section('Which accounts the service works for.', {
    lowestUidNumber: setting(
      "Users with a lower number are the system's: an entry that has such a uidNumber, or the uid of such a user of the host, is skipped.",
      1000,
      wholeNumber(0, 0xffff_fffe),
    ),
  }),
  switch: section('An entry of the directory that pauses every service which names it, also across restarts.', {
    dn: setting(
      'The entry; null: there is none. While it was never read since the start, the service is paused; afterwards its last known value holds.',
      null,
      orNull(distinguishedName),
    ),
    attribute: setting('The attribute of that entry: FALSE pauses, TRUE lets work.', 'sstIsActive', attributeName),
  }),
  brake: section('Stops a mass deletion that nobody meant: further deletes wait until resume; the rest goes on.', {
    deletes: setting(
      'More deletes than that, of all services, begin within the time: the others wait; null: no brake.',
      null,
      orNull(wholeNumber(1, 1_000_000)),
    ),
    within: setting('The time in which they are counted, also across a restart.', '10m', duration('1s', '7d')),
  }),
  ...stepSections,
  retry: section('When a failed attempt is repeated without being asked for.', {
    temporary: attempts(
      'After exit code 75 (try again later), and, without end, where the host is short of files or processes.',
      setting('Attempts in all, the first included.', 10, wholeNumber(1, 1_000_000)),
    ),
    script: attempts(
      'After any other failure of the script.',
      setting('Attempts in all, the first included; 1: none is repeated.', 1, wholeNumber(1, 1_000_000)),
    ),
  }),
  reconnect: section('How the service comes back to a directory that went away.', {
    initial: setting(
      'First pause before connecting again; doubled after each try, with some jitter.',
      '100ms',
      duration('1ms', '10m'),
    ),
    max: setting('Longest pause.', '30s', duration('10ms', '1h')),
    deadAfter: setting(
      'A connection on which nothing was heard for this long is given up; it is probed at half of it. Behind a proxy that cuts idle connections: at most its limit.',
      '60s',
      duration('200ms', '1h'),
    ),
  }),
  reconcile: section('A fresh list of the open accounts beside the stream.', {
    interval: setting('Time from one list to the next.', '10m', duration('1s', '7d')),
  }),
  shutdown: section('The end, on SIGTERM or SIGINT.', {
    grace: setting('How long running scripts may take to finish.', '30s', duration('0s', '1d')),
  }),
  log: section('Where the log goes, and how much of it.', {
    level: setting('The least important lines that are written.', 'info', oneOf('error', 'warn', 'info', 'debug')),
    format: setting(
      'On standard output: pretty for people, json for machines; auto: pretty on a terminal, json elsewhere.',
      'auto',
      oneOf('auto', 'pretty', 'json'),
    ),
    file: setting(
      'File that gets the log too, opened again on SIGHUP: a regular one and no link; null: none.',
      null,
      orNull(absolutePath),
    ),
    syslog: setting(
      'Syslog that gets the log too: RFC 5424 to a server, the form of syslog(3) to a socket (protocol: auto, rfc5424 or local); null: none.',
      null,
      orNull(syslogTarget),
    ),
  }),
  canary: section('An account of its own that is asked for and handled without a script: it proves the whole way.', {
    dn: setting(
      'The entry of that account, below directory.base; null: there is none.',
      null,
      orNull(distinguishedName),
    ),
    interval: setting('How often it is asked for; an answer is late after twice that time.', '5m', duration('1s')),
  }),
  journal: section('Every event, one JSON object a line, for history, explain and tap; nothing else depends on it.', {
    directory: setting(
      'Folder of the journal, made where it is missing: for the owner, and the group of operator.group; null: none is kept.',
      null,
      orNull(absolutePath),
    ),
    keep: setting('How long events are kept; whole files are deleted.', '90d', duration('1h')),
    maxSize: setting(
      'The most room that all its files may take; the oldest ones are deleted.',
      '1GiB',
      size('1MiB', '1TiB'),
    ),
  }),
  notify: notifySection,
  operator: section('The interface for status, tap, monitoring and, on a Unix socket, orders such as pause.', {
    listen: setting(
      'Unix socket, for its owner and group, or loopback address, which every user of the host can read, and whoever may forward a port to it (ssh -L): uids, DNs and what scripts print; or a list of such, of which commands take a Unix socket first; null: none.',
      null,
      orNull(listenAddresses),
    ),
    group: setting(
      'Group of the host, by name or number, whose members may use the Unix socket, also for orders, and read the journal; null: the group of the service for the socket, and nobody else for the journal.',
      null,
      orNull(text('group', 'the name or number of a group, in quotes')),
    ),
    allowRemote: setting('Allow an address that other hosts can reach; it has no password.', false, yesOrNo),
  }),
});

/** The settings as the program uses them: durations in milliseconds, all defaults filled in. */
export type Settings = SettingsOf<typeof settingsSchema>;

/**
 * The settings of a file with faults: every section exists; a setting that could not be read is
 * undefined.
 */
export type PartialSettings = PartialSettingsOf<typeof settingsSchema>;
