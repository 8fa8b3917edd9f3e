import type * as z from 'zod';
import { listenAddress, syslogTarget } from './kinds/address-kinds.ts';
import {
  absolutePath,
  argumentList,
  duration,
  fileMode,
  fraction,
  oneOf,
  orNull,
  text,
  timeZone,
  wholeNumber,
  yesOrNo,
} from './kinds/kind.ts';
import { attributeName, attributeNames, distinguishedName, ldapUrls, searchFilter } from './kinds/ldap-kinds.ts';
import { required, section, setting } from './kinds/setting.ts';

/** Every setting of the service, once: its kind, its default, and the sentence that the reference has of it. */
export const settingsSchema = section('', {
  directory: section('The directory server and the accounts in it.', {
    url: required(
      'Where the directory is: one URL, or several that are tried in order (ldap, ldaps, ldapi).',
      ldapUrls,
    ),
    startTls: setting(
      'Turn an ldap:// connection into an encrypted one before anything is said on it.',
      false,
      yesOrNo,
    ),
    tls: section('How the server proves itself; its certificate and its name are always verified.', {
      caFile: setting(
        'PEM file of the accepted authorities; null: those that Node.js brings.',
        null,
        orNull(absolutePath),
      ),
    }),
    bindDn: setting('Who the service is to the directory; null: anonymous.', null, orNull(distinguishedName)),
    bindPasswordFile: setting(
      'File that holds the password; read again at each bind, one newline at its end is dropped.',
      null,
      orNull(absolutePath),
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
    'Whether other services may work on the same accounts: one refuses those on its host; several needs attributes.returnValue.',
    'one',
    oneOf('one', 'several'),
  ),
  accounts: section('Which accounts the service works for.', {
    lowestUidNumber: setting(
      "Users with a lower number are the system's: an entry that has such a uidNumber, or the uid of such a user of the host, is skipped.",
      1000,
      wholeNumber(0, 0xffff_fffe),
    ),
  }),
  script: section('The script of the site that is run for each account.', {
    command: required(
      'Program and arguments, run without a shell; {uid}, {mode}, {homeDirectory} and {dn} are replaced, and where none of them is named, MODE and UID follow.',
      argumentList,
    ),
    perMode: section('Another command for one mode; null: script.command.', {
      add: setting('The command for add.', null, orNull(argumentList)),
      modify: setting('The command for modify.', null, orNull(argumentList)),
      delete: setting('The command for delete.', null, orNull(argumentList)),
    }),
    timeout: setting('Time limit of one run; then its process group gets SIGTERM.', '10m', duration('100ms', '7d')),
    killGrace: setting('Time from SIGTERM to SIGKILL.', '10s', duration('0s', '10m')),
    path: setting(
      'PATH of the script.',
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      text('folders', 'folders with colons between them'),
    ),
    language: setting('LANG of the script.', 'C.UTF-8', text('locale', 'a locale such as C.UTF-8')),
    launcher: setting(
      'auto starts scripts through a small helper process, which is faster; none starts each from the service.',
      'auto',
      oneOf('auto', 'none'),
    ),
    homeRoot: setting(
      "Folder below which every home is; all folders above a home must be root's (or the service's), writable by nobody else, and no links, or no script runs; needed by quota and rsnapshot; null: homes are judged by their path alone.",
      null,
      orNull(absolutePath),
    ),
  }),
  userCheck: section('Before the script of add and modify: the user must be known to the host (NSS).', {
    enabled: setting('Do this step.', false, yesOrNo),
    timeout: setting('How long to wait for the user, as directory caches lag.', '30s', duration('0s', '1h')),
    interval: setting('Time between two look-ups.', '1s', duration('100ms', '10m')),
  }),
  homeCheck: section('After the script of add and modify: the home directory must be there.', {
    enabled: setting('Do this step; a script.homeRoot switches it on as well.', false, yesOrNo),
  }),
  quota: section('The disk quota of the account, set by add and modify and cleared by delete.', {
    enabled: setting('Do this step.', false, yesOrNo),
    filesystem: setting('Mount point of the file system.', '/var/backup', absolutePath),
    attribute: setting('Attribute that holds the quota in bytes.', 'sstQuota', attributeName),
    softRatio: setting('Soft limit as a part of the hard limit.', 1, fraction(0, 1)),
    softFiles: setting('Soft limit of the number of files; null: none.', null, orNull(wholeNumber(1, 2 ** 53 - 1))),
    hardFiles: setting('Hard limit of the number of files; null: none.', null, orNull(wholeNumber(1, 2 ** 53 - 1))),
    command: setting(
      'How a quota is set; {uid}, {uidNumber}, {homeDirectory}, {filesystem}, {softBlocks}, {hardBlocks} (of 1024 bytes), {softBytes}, {hardBytes}, {softFiles} and {hardFiles} are replaced.',
      [
        'setquota',
        '--always-resolve',
        '-u',
        '{uid}',
        '{softBlocks}',
        '{hardBlocks}',
        '{softFiles}',
        '{hardFiles}',
        '{filesystem}',
      ],
      argumentList,
    ),
    clearCommand: setting(
      'How a quota is cleared; the same are replaced, all limits by 0.',
      ['setquota', '--always-resolve', '-u', '{uid}', '0', '0', '0', '0', '{filesystem}'],
      argumentList,
    ),
    timeout: setting('Time limit of the command.', '30s', duration('100ms', '1h')),
  }),
  rsnapshot: section('One rsnapshot configuration file an account, written by add and modify, removed by delete.', {
    enabled: setting('Do this step.', false, yesOrNo),
    directory: setting('Folder of the files; each is named UID.conf.', '/etc/rsnapshot.d', absolutePath),
    template: setting(
      'File to use instead of the built-in template; {uid}, {home}, {chroot}, {parent}, {snapshotRoot}, {retain} (a line for each level) and {hourly} to {yearly} are replaced, {{NAME}} is a literal {NAME}; null: built in.',
      null,
      orNull(absolutePath),
    ),
    snapshotRoot: setting(
      'Folder of the snapshots of an account; {uid}, {home}, {chroot} and {parent} (the folder of the chroot, or of the home where there is none) are replaced.',
      '{parent}/.snapshots/{uid}',
      text('path', 'a path, which may hold placeholders'),
    ),
    owner: setting(
      'Owner of the files, a name or a number; null: who the service runs as.',
      null,
      orNull(text('user', 'a user')),
    ),
    group: setting(
      'Group of the files, a name or a number; null: as for owner.',
      null,
      orNull(text('group', 'a group')),
    ),
    mode: setting('Permissions of the files.', '0640', fileMode),
    checkCommand: setting(
      'How a file is tried before it takes effect, {file} replaced; one that is refused stays in .UID.conf.tmp; null: not at all.',
      ['rsnapshot', '-c', '{file}', 'configtest'],
      orNull(argumentList),
    ),
    timeout: setting('Time limit of the command.', '30s', duration('100ms', '1h')),
  }),
  retry: section('When a failed attempt is repeated without being asked for.', {
    temporary: section('After exit code 75 (try again later).', {
      attempts: setting('Attempts in all, the first included.', 10, wholeNumber(1, 1_000_000)),
      initial: setting(
        'Pause before the second attempt; doubled after each further one.',
        '5s',
        duration('10ms', '1d'),
      ),
      max: setting('Longest pause.', '10m', duration('10ms', '7d')),
    }),
    script: section('After any other failure of the script.', {
      attempts: setting('Attempts in all, the first included; 1: none is repeated.', 1, wholeNumber(1, 1_000_000)),
      initial: setting(
        'Pause before the second attempt; doubled after each further one.',
        '5s',
        duration('10ms', '1d'),
      ),
      max: setting('Longest pause.', '10m', duration('10ms', '7d')),
    }),
  }),
  reconnect: section('How the service comes back to a directory that went away.', {
    initial: setting(
      'First pause before connecting again; doubled after each try, with some jitter.',
      '100ms',
      duration('1ms', '10m'),
    ),
    max: setting('Longest pause.', '30s', duration('10ms', '1h')),
    deadAfter: setting(
      'A connection on which nothing was heard for this long is given up; it is probed at half of it.',
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
    file: setting('File that gets the log too, opened again on SIGHUP; null: none.', null, orNull(absolutePath)),
    syslog: setting(
      'Syslog that gets the log too: RFC 5424 to a server, the form of syslog(3) to a socket (protocol: auto, rfc5424 or local); null: none.',
      null,
      orNull(syslogTarget),
    ),
  }),
  operator: section('The read-only interface for status, tap and monitoring.', {
    listen: setting('Loopback address or Unix socket; null: none.', null, orNull(listenAddress)),
    allowRemote: setting('Allow an address that other hosts can reach; it has no password.', false, yesOrNo),
  }),
});

/** The settings as the program uses them: durations in milliseconds, every default filled in. */
export type Settings = z.output<typeof settingsSchema>;
