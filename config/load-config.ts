import { STEPS } from '../handlers/steps/registry.ts';
import { DirectoryError } from '../src/domain/directory-error.ts';
import { InputFault, lookAtInput, readInput } from '../src/host/input-file.ts';
import { faultOfPython } from '../src/host/python-helper.ts';
import { certificateIn, LARGEST_AUTHORITIES, readClientCertificate } from '../src/ldap/tls-material.ts';
import { type Environment, withCredentialPaths } from './bind-rules.ts';
import { ConfigurationError, type Fault, type FaultAt } from './fault.ts';
import { LARGEST_PASSWORD } from './password.ts';
import { readSettings } from './read-settings.ts';
import type { Settings } from './schema.ts';
import { shownKey, shownValue } from './shown-value.ts';
import { parseYaml } from './yaml-file.ts';

/**
 * Reads the configuration file. Rejects with a `ConfigurationError` that has all faults: faults in
 * the syntax, faults in single settings, contradictions between settings, and files that cannot be
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
    const given = error instanceof InputFault ? error.given : 'text that is not UTF-8';
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
  return withCredentialPaths(read.settings, env);
}

/** Adds to each fault its line and the given value. The faults are in the order of the file. */
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
  const { directory, notify } = settings;
  const { passwordFile } = notify.mail;
  const { caFile, certFile, keyFile } = directory.tls;
  const checks = [
    settings.instances === 'several' ? faultWithoutPython() : undefined,
    caFile === null ? undefined : faultOfCertificates(['directory', 'tls', 'caFile'], caFile),
    certFile === null ? undefined : faultOfCertificates(['directory', 'tls', 'certFile'], certFile),
    keyFile === null ? undefined : faultOfKey(['directory', 'tls', 'keyFile'], keyFile, certFile),
    directory.bindPasswordFile === null
      ? undefined
      : faultOfFile(['directory', 'bindPasswordFile'], directory.bindPasswordFile, LARGEST_PASSWORD),
    passwordFile === null ? undefined : faultOfFile(['notify', 'mail', 'passwordFile'], passwordFile, LARGEST_PASSWORD),
    ...(['mail', 'webhook'] as const).map((receiver) => {
      const authorities = notify[receiver].caFile;
      return authorities === null ? undefined : faultOfCertificates(['notify', receiver, 'caFile'], authorities);
    }),
    ...STEPS.flatMap((step) =>
      Object.entries(step.files(settings)).map(([key, file]) =>
        file === null ? undefined : faultOfFile([step.section, key], file),
      ),
    ),
  ];
  return (await Promise.all(checks)).filter((fault) => fault !== undefined);
}

/**
 * With several services, the script of an account must end when its service loses the lease, even
 * if that service is blocked. Only the launcher, which needs Python, can do that.
 */
async function faultWithoutPython(): Promise<FaultAt | undefined> {
  const fault = await faultOfPython();
  if (fault === undefined) return undefined;
  return { path: ['instances'], expected: `one, because several needs Python for the launcher of scripts: ${fault}` };
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
  const expected = (reason: string) => `a PEM file of certificates that the service may read (${reason})`;
  try {
    const found = certificateIn(await readInput(file, LARGEST_AUTHORITIES));
    return found === undefined ? { path, given: file, expected: expected('it contains no certificate') } : undefined;
  } catch (error) {
    return { path, given: file, expected: expected(reasonOf(error)) };
  }
}

/** Checks the key, and if the certificate can be read, whether the two belong together. */
async function faultOfKey(
  path: readonly string[],
  file: string,
  certFile: string | null,
): Promise<FaultAt | undefined> {
  const unreadable = await faultOfFile(path, file, LARGEST_AUTHORITIES);
  if (unreadable !== undefined || certFile === null) return unreadable;
  if ((await faultOfCertificates(path, certFile)) !== undefined) return undefined;
  try {
    await readClientCertificate({ certFile, keyFile: file });
    return undefined;
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return {
      path,
      given: file,
      expected: `the PEM file of the key of tls.certFile, without a passphrase (${error.message})`,
    };
  }
}

/** The code of the system error or, if there is none, the kind of file that was found. */
function reasonOf(error: unknown): string {
  if (!(error instanceof InputFault)) return String(error);
  return error.code ?? `it is ${error.given}`;
}
