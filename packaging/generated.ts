import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderBlank, renderExample, renderReference } from '../config/reference.ts';
import { commandTree } from './command-tree.ts';
import { renderBashCompletion, renderZshCompletion } from './completion.ts';
import { renderCommandPage } from './man-command.ts';
import { renderConfigurationPage } from './man-configuration.ts';
import { renderEventsPage, renderMetricsPage } from './reference-pages.ts';
import { renderUnitTemplate } from './unit-template.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The text of each generated file, by its path in the project. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(read('package.json')) as { readonly version: string };
  const edition = { version, date: releaseDate(read('packaging/debian/changelog')) };
  const program = commandTree(version);
  return {
    'config/prov-backup-rsnapshot.example.yaml': renderExample(),
    'docs/configuration.md': renderReference(),
    'docs/events.md': renderEventsPage(),
    'docs/metrics.md': renderMetricsPage(),
    'packaging/prov-backup-rsnapshot.yaml': renderBlank(),
    'packaging/man/prov-backup-rsnapshot.1': renderCommandPage(program, edition),
    'packaging/man/prov-backup-rsnapshot.yaml.5': renderConfigurationPage(edition),
    'packaging/completion/prov-backup-rsnapshot.bash': renderBashCompletion(program),
    'packaging/completion/_prov-backup-rsnapshot': renderZshCompletion(program),
    'packaging/prov-backup-rsnapshot@.service': renderUnitTemplate(read('packaging/prov-backup-rsnapshot.service')),
  };
}

/** The day of the newest entry of the changelog, as YYYY-MM-DD. */
export function releaseDate(changelog: string): string {
  const [, stamp = ''] = /^ -- .*> {2}(.*)$/m.exec(changelog) ?? [];
  return new Date(stamp).toISOString().slice(0, 10);
}
