import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPTIONS_OF_RUN = ['-c', '--config', '-d', '--debug', '--json', '-r', '--dry-run', '--record', '-h', '--help'];

/** What is typed, and the words that may stand in its place; the folder is that of `makeFiles`. */
export const COMPLETIONS: Readonly<Record<string, readonly string[]>> = {
  'prov-backup-rsnapshot ru': ['run'],
  'prov-backup-rsnapshot re': ['reload', 'replay', 'resume', 'retry'],
  'prov-backup-rsnapshot ldif ': ['create', 'help', 'load'],
  'prov-backup-rsnapshot ldif create --cust': ['--customer'],
  'prov-backup-rsnapshot help ver': ['verify'],
  'prov-backup-rsnapshot run -c serv': ['service one.yaml', 'service.yaml'],
  'prov-backup-rsnapshot ldif create --out ': ['folder'],
  'prov-backup-rsnapshot replay rec': ['record'],
  'prov-backup-rsnapshot run --debug --rec': ['--record'],
};

export const LONG_OPTIONS_OF_RUN = OPTIONS_OF_RUN.filter((name) => name.startsWith('--')).sort();

export function makeFiles(folder: string): void {
  mkdirSync(join(folder, 'folder'));
  for (const name of ['service.yaml', 'service one.yaml', 'record']) writeFileSync(join(folder, name), '');
}

/** Lines that run `touch ran` in a completion that evaluates what was typed. */
export const HOSTILE_LINES: readonly string[] = [
  'prov-backup-rsnapshot $(touch ran) ',
  'prov-backup-rsnapshot run -c $(touch ran)',
  'prov-backup-rsnapshot run -c $(touch ran)/',
  'prov-backup-rsnapshot run --config=$(touch ran)/',
  'prov-backup-rsnapshot run --record `touch ran`',
  'prov-backup-rsnapshot run "$(touch ran)" --',
  'prov-backup-rsnapshot tap --uid a[$(touch ran)] --',
];
