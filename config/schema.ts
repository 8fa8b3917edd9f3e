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

/** The section that says how often a failed attempt is repeated, and when. */
function attempts<S extends z.ZodType>(sentence: string, count: S) {
  return section(sentence, {
    attempts: count,
    initial: setting(
      'Pause before the second attempt. It doubles after each further attempt.',
      '5s',
      duration('10ms', '1d'),
    ),
    max: setting('Longest pause.', '10m', duration('10ms', '7d')),
  });
}

/** All settings of the service. Each has a sentence for the reference, a default and a kind. */
export const settingsSchema = section('', {
  directory: section('The directory server and the accounts in it.', {
    url: required(
      'Where the directory is: one URL, or several that are tried in order (ldap, ldaps, ldapi). srv:example.org stands for the servers in the SRV records of _ldap._tcp.example.org, which are looked up for each round.',
      ldapUrls,
    ),
    startTls: setting('Encrypt an ldap:// connection (StartTLS) before anything else is sent.', false, yesOrNo),
    tls: section(
      'The certificates of TLS connections. The name and the certificate of the server are always verified.',
      {
        caFile: setting(
          'PEM file of the accepted certificate authorities; null: those of Node.js.',
          null,
          orNull(absolutePath),
        ),
        certFile: setting(
          "PEM file of the service's own certificate, followed by those of intermediate authorities. It is read at each connection.",
          null,
          orNull(inputFile),
        ),
        keyFile: setting(
          'PEM file of the key of that certificate, without a passphrase. It is read at each connection.',
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
    bindDn: setting('The DN of the service, for a simple bind.', null, orNull(distinguishedName)),
    bindPasswordFile: setting(
      'File with the password. It is read at each bind; one newline at its end is dropped.',
      null,
      orNull(inputFile),
    ),
    bindPassword: setting(
      'The password itself. If it is given, no other user of the host may be able to read this file.',
      null,
      orNull(text('text', 'text')),
    ),
    bindPasswordFd: setting(
      'File descriptor from which the password is read once. The program that starts the service opens it.',
      null,
      orNull(wholeNumber(0, 65_535)),
    ),
    allowPlaintext: setting('Allow a password on an unencrypted connection to another host.', false, yesOrNo),
    base: required(
      'The entry below which all accounts are, in any spelling that the directory accepts.',
      distinguishedName,
    ),
    filter: setting(
      'Which entries below the base are accounts. The service combines this filter with its own conditions.',
      '(objectClass=sstProvisioning)',
      searchFilter,
    ),
    behindAfter: setting(
      'How long an add or a modify waits if the server in use shows an older version of the account than is known, for example after a failover to a server that lags. A delete waits until the server catches up, or until it is requested again.',
      '5m',
      duration('0s', '7d'),
    ),
    subscription: setting(
      'How the server reports changes: auto tries syncrepl (RFC 4533), then persistentSearch.',
      'auto',
      oneOf('auto', 'syncrepl', 'persistentSearch'),
    ),
    requestTimeout: setting(
      'Time limit of connecting and binding, and of each request to the directory. If reconnect.deadAfter is shorter, that is the limit.',
      '30s',
      duration('100ms', '10m'),
    ),
  }),
  attributes: section('The names of the attributes that the service reads and writes.', {
    mode: setting('The mode: what is requested, in work or finished.', 'sstProvisioningMode', attributeName),
    state: setting(
      'The state: 0 while the account is open, then the time at which it was finished.',
      'sstProvisioningState',
      attributeName,
    ),
    date: setting(
      'The day on which the request is to be carried out. If several names are given, the service writes the one that the entry has.',
      ['sstProvisioningDate', 'sstProvisioningExecutionDate'],
      attributeNames,
    ),
    active: setting('Whether the account is in use; a delete waits for FALSE.', 'sstIsActive', attributeName),
    returnValue: setting(
      'Return code of the last attempt; null: it is not written.',
      'sstProvisioningReturnValue',
      orNull(attributeName),
    ),
    executionTime: setting(
      'Seconds that each step of the last attempt took; null: they are not written.',
      null,
      orNull(attributeName),
    ),
  }),
  timeZone: setting('The time zone in which a day begins and ends.', 'Europe/Zurich', timeZone),
  concurrency: setting('How many accounts are worked on at once.', 8, wholeNumber(1, 1_000)),
  instances: setting(
    'Whether other services may work on the same accounts. one: no other service may, and a second service on this host is refused. several: other services may; this needs leases.base and exactly one directory.url.',
    'one',
    oneOf('one', 'several'),
  ),
  leases: section('With several instances: entries of the directory that say which service works on a uid.', {
    base: setting(
      'The entry below which the leases are. The service adds and modifies entries there. null: instances must be one.',
      null,
      orNull(distinguishedName),
    ),
    duration: setting(
      'How long a service keeps a lease that it does not renew. Its scripts end before that, and other services wait that long. At least three times (script.killGrace + 5s).',
      '60s',
      duration('1s', '1d'),
    ),
  }),
  accounts: section('Which accounts the service works for.', {
    lowestUidNumber: setting(
      'Users with a lower number belong to the system. An entry with such a uidNumber, or with the uid of such a user of the host, is skipped.',
      1000,
      wholeNumber(0, 0xffff_fffe),
    ),
  }),
  switch: section('An entry of the directory that pauses every service that names it, also across restarts.', {
    dn: setting(
      'The entry; null: there is none. The service is paused until it has read the entry for the first time. If it cannot read the entry later, the last known value counts.',
      null,
      orNull(distinguishedName),
    ),
    attribute: setting(
      'The attribute of that entry: FALSE pauses the service, TRUE lets it work.',
      'sstIsActive',
      attributeName,
    ),
  }),
  brake: section('Stops a mass deletion by mistake: further deletes wait until resume. Other work goes on.', {
    deletes: setting(
      'How many deletes, of all services, may begin within the time. Further ones wait. null: no brake.',
      null,
      orNull(wholeNumber(1, 1_000_000)),
    ),
    within: setting('The time within which deletes are counted, also across a restart.', '10m', duration('1s', '7d')),
  }),
  ...stepSections,
  retry: section('When a failed attempt is repeated without a new request.', {
    temporary: attempts(
      'After exit code 75 (try again later), or without a limit while the host has no open files or processes left.',
      setting('Number of attempts, including the first one.', 10, wholeNumber(1, 1_000_000)),
    ),
    script: attempts(
      'After any other failure of the script.',
      setting('Number of attempts, including the first one; 1: none is repeated.', 1, wholeNumber(1, 1_000_000)),
    ),
  }),
  reconnect: section('How the service reconnects to a directory that has become unreachable.', {
    initial: setting(
      'First pause before a reconnect. It doubles after each failure, with some jitter.',
      '100ms',
      duration('1ms', '10m'),
    ),
    max: setting('Longest pause.', '30s', duration('10ms', '1h')),
    deadAfter: setting(
      'A connection on which nothing arrives for this time is closed. It is probed after half of that time. Behind a proxy that cuts idle connections, set at most the limit of the proxy.',
      '60s',
      duration('200ms', '1h'),
    ),
  }),
  reconcile: section('The periodic list of the open accounts, in addition to the subscription.', {
    interval: setting('Time from the beginning of one list to that of the next.', '10m', duration('1s', '7d')),
  }),
  shutdown: section('The stop, on SIGTERM or SIGINT.', {
    grace: setting('How long running scripts may take to end.', '30s', duration('0s', '1d')),
  }),
  log: section('Where the log is written, and how much is logged.', {
    level: setting('The least important lines that are written.', 'info', oneOf('error', 'warn', 'info', 'debug')),
    format: setting(
      'Format on standard output: pretty for people, json for programs; auto: pretty on a terminal, otherwise json.',
      'auto',
      oneOf('auto', 'pretty', 'json'),
    ),
    file: setting(
      'File to which the log is also written: a regular file, not a link. It is opened again on SIGHUP. null: none.',
      null,
      orNull(absolutePath),
    ),
    syslog: setting(
      'Syslog to which the log is also sent: in the format of RFC 5424 to a server, in the format of syslog(3) to a socket (protocol: auto, rfc5424 or local); null: none.',
      null,
      orNull(syslogTarget),
    ),
  }),
  canary: section(
    'An account that the service requests and handles itself, without a script, to test the whole route.',
    {
      dn: setting(
        'The entry of that account, below directory.base; null: there is none.',
        null,
        orNull(distinguishedName),
      ),
      interval: setting(
        'How often it is requested. It is late if it is not finished after twice that time.',
        '5m',
        duration('1s'),
      ),
    },
  ),
  journal: section(
    'Files with every event, one JSON object a line, for history, explain and tap. Nothing else depends on them.',
    {
      directory: setting(
        'Folder of the journal. It is created if it is missing, for the owner and the group of operator.group. null: there is no journal.',
        null,
        orNull(absolutePath),
      ),
      keep: setting('How long events are kept. Whole files are deleted.', '90d', duration('1h')),
      maxSize: setting(
        'The largest size of all files of the journal together. The oldest ones are deleted.',
        '1GiB',
        size('1MiB', '1TiB'),
      ),
    },
  ),
  notify: notifySection,
  operator: section('The interface for status, tap, monitoring and, on a Unix socket, orders such as pause.', {
    listen: setting(
      'A Unix socket, which only its owner and group can use, or a loopback address, or a list of these, of which the commands prefer a Unix socket. At a loopback address, every user of the host, and every user who may forward a port to it (ssh -L), can read uids, DNs and the output of scripts. null: none.',
      null,
      orNull(listenAddresses),
    ),
    group: setting(
      'Group of the host, by name or number. Its members may use the Unix socket, also for orders, and may read the journal. null: the socket has the group of the service, and only the owner may read the journal.',
      null,
      orNull(text('group', 'the name or number of a group, in quotes')),
    ),
    allowRemote: setting('Allow an address that other hosts can reach. There is no password.', false, yesOrNo),
  }),
});

/** The settings as the program uses them: durations in milliseconds, all defaults filled in. */
export type Settings = SettingsOf<typeof settingsSchema>;

/**
 * The settings of a file with faults: every section exists, and a setting that could not be read is
 * undefined.
 */
export type PartialSettings = PartialSettingsOf<typeof settingsSchema>;
