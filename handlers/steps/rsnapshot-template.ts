import { posix } from 'node:path';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { shown, singleValue } from '../../src/domain/entry-value.ts';
import type { HomePath } from '../../src/domain/home-path.ts';
import { fillTemplate } from './placeholders.ts';

/**
 * The backup levels in rsnapshot's order, the most frequent first, each with the attribute for the
 * number of backups to keep.
 */
const INTERVALS = [
  ['hourly', 'sstBackupIntervalHourly'],
  ['daily', 'sstBackupIntervalDaily'],
  ['weekly', 'sstBackupIntervalWeekly'],
  ['monthly', 'sstBackupIntervalMonthly'],
  ['yearly', 'sstBackupIntervalYearly'],
] as const;

export interface Retention {
  readonly level: string;
  readonly count: number;
}

export type RetentionReading =
  | { readonly kind: 'retentions'; readonly retentions: readonly Retention[] }
  | { readonly kind: 'faulty'; readonly reason: string };

const MOST = 9_999;

/** Reads the backup levels of an account. Levels that are 0 or absent are left out. */
export function readRetentions(entry: DirectoryEntry): RetentionReading {
  const retentions: Retention[] = [];
  for (const [level, attribute] of INTERVALS) {
    const value = singleValue(entry, attribute);
    if (value.kind === 'faulty') return value;
    if (value.kind === 'absent') continue;
    if (!/^(?:0|[1-9]\d{0,3})$/.test(value.text)) {
      return {
        kind: 'faulty',
        reason: `${attribute} ${shown(value.text)} is not a number from 0 to ${MOST}: correct it`,
      };
    }
    if (value.text !== '0') retentions.push({ level, count: Number(value.text) });
  }
  const [first, second] = retentions;
  if (first?.count === 1 && second !== undefined) {
    return {
      kind: 'faulty',
      reason: `1 ${first.level} backup cannot be rotated into ${second.level} backups: keep 2 ${first.level} backups or none`,
    };
  }
  return { kind: 'retentions', retentions };
}

/**
 * The values for the placeholders of a template. Each is one line without tabs, except `retain`,
 * which has a line for each level.
 */
export type TemplateValues = Readonly<
  Record<'uid' | 'home' | 'chroot' | 'parent' | 'snapshotRoot' | 'retain' | (typeof INTERVALS)[number][0], string>
>;

/** The template for sites without their own. */
export const BUILT_IN_TEMPLATE = [
  '# Written for the backup account {uid}. Do not edit: the next change of the account overwrites it.',
  'config_version\t1.2',
  'snapshot_root\t{snapshotRoot}/',
  'cmd_cp\t/bin/cp',
  'cmd_rm\t/bin/rm',
  'cmd_rsync\t/usr/bin/rsync',
  'cmd_logger\t/usr/bin/logger',
  '{retain}',
  'verbose\t2',
  'loglevel\t3',
  'lockfile\t/run/rsnapshot-{uid}.pid',
  'rsync_long_args\t--delete --numeric-ids --delete-excluded',
  'backup\t{home}/\thome/',
  '',
].join('\n');

/**
 * The template values for one account. The home and its parent may contain only letters, digits,
 * `/` and `._@-`: rsnapshot separates by tabs and lines, uses backup points as regular expressions,
 * and has no quoting.
 */
export function templateValues(
  uid: string,
  path: HomePath,
  snapshotRoot: string,
  retentions: readonly Retention[],
): { readonly kind: 'values'; readonly values: TemplateValues } | { readonly kind: 'faulty'; readonly reason: string } {
  const parent = posix.dirname(path.chroot ?? path.home);
  const places = { uid, home: path.home, chroot: path.chroot ?? path.home, parent: parent === '/' ? '' : parent };
  for (const place of [places.home, places.parent]) {
    if (!/^[\p{L}\p{N}._@/-]*$/u.test(place)) {
      return {
        kind: 'faulty',
        reason: `homeDirectory ${shown(place)} contains characters that rsnapshot does not accept: use letters, digits and ._@-`,
      };
    }
  }
  const root = fillTemplate(snapshotRoot, places);
  if (root.kind === 'faulty') return { kind: 'faulty', reason: `rsnapshot.snapshotRoot: ${root.reason}` };
  const counts = Object.fromEntries(retentions.map(({ level, count }) => [level, `${count}`]));
  const count = (level: string): string => counts[level] ?? '0';
  return {
    kind: 'values',
    values: {
      ...places,
      snapshotRoot: root.text.replace(/\/+$/, ''),
      retain: retentions.map((retention) => `retain\t${retention.level}\t${retention.count}`).join('\n'),
      hourly: count('hourly'),
      daily: count('daily'),
      weekly: count('weekly'),
      monthly: count('monthly'),
      yearly: count('yearly'),
    },
  };
}
