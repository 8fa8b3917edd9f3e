import { X509Certificate } from 'node:crypto';
import { STEPS } from '../handlers/steps/registry.ts';
import { InputFault, lookAtInput, readInput } from '../src/host/input-file.ts';
import { LARGEST_AUTHORITIES } from '../src/ldap/transport.ts';
import type { Environment } from './cross-rules.ts';
import { ConfigurationError, type Fault, type FaultAt } from './fault.ts';
import { LARGEST_PASSWORD } from './password.ts';
import { readSettings } from './read-settings.ts';
import type { Settings } from './schema.ts';
import { shownKey, shownValue } from './shown-value.ts';
import { parseYaml } from './yaml-file.ts';

/**
 * Reads the configuration file. Rejects with a `ConfigurationError` that has all faults: of the
 * syntax, of each setting, of settings that contradict each other, and of files that cannot be
 * read.
 */
export async function loadConfig(path: string, env: Environment): Promise<Settings> {
  const text = await readConfig(path);
  const settings = parseConfig(text, env, path);
  const faults = await faultsOfFiles(settings);
  if (faults.length > 0) throw new ConfigurationError(path, withPlaces(faults, text));
  return settings;
}

/** The size limit in bytes: twenty times the example, which has all settings with explanations. */
const LARGEST_CONFIGURATION = 256 * 1024;

/** Reads the text of a configuration file. Rejects with a `ConfigurationError`. */
export async function readConfig(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readInput(path, LARGEST_CONFIGURATION));
  } catch (error) {
    const given = error instanceof InputFault ? error.given : 'what is not UTF-8';
    const expected = 'a YAML file in UTF-8 that the service may read';
    throw new ConfigurationError(path, [{ key: '', line: undefined, given, expected }]);
  }
}

/**
 * Reads the text of a configuration file, without the files that the settings name. `path` is for
 * messages. Throws a `ConfigurationError`.
 */
export function parseConfig(text: string, env: Environment, path: string): Settings {
  const file = parseYaml(text);
  if ('faults' in file) throw new ConfigurationError(path, file.faults);
  const read = readSettings(file.raw, env);
  if ('faults' in read) throw new ConfigurationError(path, withPlaces(read.faults, text));
  return read.settings;
}

/** Adds to each fault its line and the given value. The order is that of the file. */
function withPlaces(faults: readonly FaultAt[], text: string): Fault[] {
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
  const checks = [
    caFile === null ? undefined : faultOfCertificates(['directory', 'tls', 'caFile'], caFile),
    directory.bindPasswordFile === null
      ? undefined
      : faultOfFile(['directory', 'bindPasswordFile'], directory.bindPasswordFile, LARGEST_PASSWORD),
    ...STEPS.flatMap((step) =>
      Object.entries(step.files(settings)).map(([key, file]) =>
        file === null ? undefined : faultOfFile([step.section, key], file),
      ),
    ),
  ];
  return (await Promise.all(checks)).filter((fault) => fault !== undefined);
}

async function faultOfFile(path: readonly string[], file: string, mostBytes?: number): Promise<FaultAt | undefined> {
  try {
    await lookAtInput(file, mostBytes);
    return undefined;
  } catch (error) {
    return { path, given: file, expected: `a file that the service may read (${reasonOf(error)})` };
  }
}

async function faultOfCertificates(path: readonly string[], file: string): Promise<FaultAt | undefined> {
  try {
    new X509Certificate(await readInput(file, LARGEST_AUTHORITIES));
    return undefined;
  } catch (error) {
    const reason = error instanceof InputFault ? reasonOf(error) : 'it holds no certificate';
    return { path, given: file, expected: `a PEM file of certificates that the service may read (${reason})` };
  }
}

/** The system error code or, without one, what kind of file was found. */
function reasonOf(error: unknown): string {
  if (!(error instanceof InputFault)) return String(error);
  return error.code ?? `it is ${error.given}`;
}
