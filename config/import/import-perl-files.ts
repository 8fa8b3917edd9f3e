import { stringify } from 'yaml';
import { visible } from '../../src/domain/visible.ts';
import { InputFault, readInput } from '../../src/host/input-file.ts';
import { ConfigurationError, type Fault } from '../fault.ts';
import { parseConfig } from '../load-config.ts';
import { shownKey } from '../shown-value.ts';
import { parseIni } from './ini.ts';
import { importPerl } from './perl-settings.ts';
import type { PerlSetting, Remark } from './perl-values.ts';

export interface PerlFiles {
  /** The daemon's own file. */
  readonly own: string;
  /** The global file of the framework. */
  readonly global: string | undefined;
  readonly script: string | undefined;
  readonly passwordFile: string;
  readonly mailPasswordFile: string;
}

export interface ImportedFiles {
  /** The configuration, which `parseConfig` accepts. */
  readonly yaml: string;
  readonly password: string | undefined;
  readonly mailPassword: string | undefined;
  /** One line for each setting without a counterpart, and for each missing setting. */
  readonly remarks: readonly string[];
  /** False if a person has to do something before the configuration can be used. */
  readonly isComplete: boolean;
}

const LARGEST_FILE = 256 * 1024;

/**
 * Reads the files of the Perl daemon and translates them. Rejects with a ConfigurationError if they
 * cannot be read, or if they configure a daemon that this service cannot replace.
 */
export async function importPerlFiles({ own, global, ...given }: PerlFiles): Promise<ImportedFiles> {
  const imported = importPerl({
    own: await readPerlFile(own),
    global: global === undefined ? [] : await readPerlFile(global),
    ...given,
  });
  const { settings, password, mailPassword, remarks } = imported;
  const refused = remarks.filter(({ kind }) => kind === 'refused').map(asFault);
  if (refused.length > 0) throw new ConfigurationError(own, refused);
  const todo = remarks.filter(({ kind }) => kind === 'todo').map(describe);
  const yaml = [
    // The name of a file may contain a line break, which would end the comment.
    `# From ${visible(own)}, by \`prov-backup-rsnapshot config import\`.`,
    ...todo.map((line) => `# To do: ${line}`),
    stringify(settings, { lineWidth: 0 }),
  ].join('\n');
  parseConfig(yaml, {}, `what follows from ${own}`);
  return {
    yaml,
    password: password?.value,
    mailPassword: mailPassword?.value,
    remarks: remarks.map(describe),
    isComplete: todo.length === 0,
  };
}

async function readPerlFile(file: string): Promise<readonly PerlSetting[]> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readInput(file, LARGEST_FILE));
  } catch (error) {
    const given = error instanceof InputFault ? error.given : 'text that is not UTF-8';
    const expected = 'a readable configuration of the Perl daemon (INI) in UTF-8';
    throw new ConfigurationError(file, [{ key: '', line: undefined, given, expected }]);
  }
  const { settings, faults } = parseIni(text);
  if (faults.length > 0) {
    const expected = '[Section], KEY = value, or # and a comment';
    throw new ConfigurationError(
      file,
      faults.map(({ line, problem }) => ({ key: '', line, given: problem, expected })),
    );
  }
  return settings.map((setting) => ({ ...setting, file }));
}

function asFault({ setting, words }: Remark): Fault {
  const key = setting === undefined ? '' : nameOf(setting);
  return { key, line: setting?.line, given: words, expected: 'a service for backup accounts in a directory' };
}

function describe({ setting, words }: Remark): string {
  const text = setting === undefined ? words : `${setting.file}:${setting.line}: ${nameOf(setting)}: ${words}`;
  return visible(text);
}

/** The section and the key in a message. Both may be any text. */
function nameOf({ section, key }: PerlSetting): string {
  return `[${section.split(' ').map(shownKey).join(' ')}] ${shownKey(key)}`;
}
