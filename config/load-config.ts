import { X509Certificate } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { STEPS } from '../handlers/steps/registry.ts';
import { ConfigurationError, type Fault, type FaultAt } from './fault.ts';
import { readSettings } from './read-settings.ts';
import type { Settings } from './schema.ts';
import { shownKey, shownValue } from './shown-value.ts';
import { parseYaml } from './yaml-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration file. Throws a `ConfigurationError` with all faults together: of the syntax, of each setting, and
 * of settings that contradict each other or name files that cannot be read.
 */
export async function loadConfig(path: string, env: Environment): Promise<Settings> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw new ConfigurationError(path, [unreadable(error)]);
  }
  const settings = parseConfig(text, env, path);
  const faults = await faultsOfFiles(settings);
  if (faults.length > 0) throw new ConfigurationError(path, locate(faults, text));
  return settings;
}

/** The same for text at hand, without a look at the files that the settings name. `path` is for the message. */
export function parseConfig(text: string, env: Environment, path: string): Settings {
  const file = parseYaml(text);
  if ('faults' in file) throw new ConfigurationError(path, file.faults);
  const read = readSettings(file.raw, env);
  if ('faults' in read) throw new ConfigurationError(path, locate(read.faults, text));
  return read.settings;
}

/** Gives each fault its line and the value that stands there, in the order of the file. */
function locate(faults: readonly FaultAt[], text: string): Fault[] {
  const file = parseYaml(text);
  if ('faults' in file) return [...file.faults];
  return faults
    .map(({ path, given, expected }) => ({
      key: path.map(shownKey).join('.'),
      line: file.lineOf(path),
      given: given ?? shownValue(path, file.raw),
      expected,
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

async function faultsOfFiles(settings: Settings): Promise<FaultAt[]> {
  const { directory } = settings;
  const { caFile } = directory.tls;
  const looks = [
    caFile === null ? undefined : faultOfCertificates(['directory', 'tls', 'caFile'], caFile),
    directory.bindPasswordFile === null
      ? undefined
      : faultOfFile(['directory', 'bindPasswordFile'], directory.bindPasswordFile),
    ...STEPS.flatMap((step) =>
      Object.entries(step.files(settings)).map(([key, file]) =>
        file === null ? undefined : faultOfFile([step.section, key], file),
      ),
    ),
  ];
  return (await Promise.all(looks)).filter((fault) => fault !== undefined);
}

async function faultOfFile(path: readonly string[], file: string): Promise<FaultAt | undefined> {
  try {
    await access(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return { path, given: file, expected: `a file that the service may read (${codeOf(error)})` };
  }
}

async function faultOfCertificates(path: readonly string[], file: string): Promise<FaultAt | undefined> {
  try {
    new X509Certificate(await readFile(file));
    return undefined;
  } catch (error) {
    const reason = /^E[A-Z]+$/.test(codeOf(error)) ? codeOf(error) : 'it holds no certificate';
    return { path, given: file, expected: `a PEM file of certificates that the service may read (${reason})` };
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no file',
  EACCES: 'a file that may not be read',
  EISDIR: 'a folder',
};

function unreadable(error: unknown): Fault {
  const code = codeOf(error);
  const given = UNREADABLE[code] ?? `a file in error (${code})`;
  return { key: '', line: undefined, given, expected: 'a YAML file in UTF-8 that the service may read' };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unreadable';
}
