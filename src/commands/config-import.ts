import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { importPerlFiles } from '../../config/import/import-perl-files.ts';
import { errorText } from '../domain/error-text.ts';
import { visible } from '../domain/visible.ts';
import { OutputFault, writeOutput } from '../host/output-file.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { CommandExit, CommandFailure } from './run-action.ts';

export interface ImportOptions {
  readonly global?: string;
  readonly script?: string;
  readonly out?: string;
}

/**
 * Translates the files of the Perl daemon. The configuration is printed on standard output, or
 * written to a folder together with the passwords. Remarks are printed on standard error.
 */
export async function configImport(file: string, { global, script, out }: ImportOptions): Promise<number> {
  const folder = resolve(out ?? dirname(DEFAULT_CONFIG));
  const passwordFile = join(folder, 'password');
  const mailPasswordFile = join(folder, 'mail-password');
  const imported = await importPerlFiles({ own: file, global, script, passwordFile, mailPasswordFile });
  const { yaml, password, mailPassword, remarks, isComplete } = imported;
  const passwords = [
    ['ADMIN_PASSWORD', password, passwordFile],
    ['[Mail] PASSWORD', mailPassword, mailPasswordFile],
  ].flatMap(([key = '', text, path = '']) => (text === undefined ? [] : [{ key, text, path }]));
  const lines = [...remarks];
  if (out === undefined) {
    for (const { key, path } of passwords) lines.push(`put ${key} into ${path}, mode 0600 (--out DIR does that)`);
    process.stdout.write(yaml);
  } else {
    const configFile = join(folder, 'prov-backup-rsnapshot.yaml');
    for (const path of [configFile, ...passwords.map(({ path: at }) => at)]) refuseToOverwrite(path);
    for (const { text, path } of passwords) write(path, `${text}\n`, 0o600);
    write(configFile, yaml, 0o640);
  }
  for (const line of lines) process.stderr.write(`${visible(line)}\n`);
  return isComplete ? CommandExit.OK : CommandExit.NOT_OK;
}

function refuseToOverwrite(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new CommandFailure(`${path} exists and is not overwritten: move it away, or name another folder`);
}

/** Creates a file. Never overwrites one. */
function write(path: string, text: string, mode: number): void {
  try {
    writeOutput(path, text, { how: 'new', mode, judged: false });
  } catch (error) {
    const words = errorText(error);
    throw new CommandFailure(error instanceof OutputFault ? `${path}: ${words}` : words);
  }
}
