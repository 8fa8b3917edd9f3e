import { isUtf8 } from 'node:buffer';
import { comparablePath, type HomeRules } from '../../src/domain/home-path.ts';
import type { Job } from '../../src/domain/job.ts';
import { fillCommand, placeholdersOf } from './placeholders.ts';

/**
 * The longest value of an argument or an environment variable. The kernel's limit is 128 KiB, with
 * the variable's name.
 */
const LONGEST_ARGUMENT_BYTES = 64 * 1024;
/** The most bytes of attribute values on standard input. `omitted` names what does not fit. */
const MOST_INPUT_BYTES = 4 * 1024 * 1024;

/** The part of a script's environment that does not come from the entry. */
export interface EnvironmentSettings extends HomeRules {
  readonly path: string;
  readonly language: string;
  /** For TZ. */
  readonly timeZone: string;
  /** The attribute of the quota, for PROV_QUOTA; null: none. */
  readonly quotaAttribute: string | null;
}

export type Command =
  | { readonly ok: true; readonly argv: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Builds the argument list for an account. If the command has none of the placeholders, MODE and
 * UID are appended.
 */
export function buildCommand(command: readonly string[], job: Job): Command {
  const { uid, dn } = job.record;
  const { mode } = job;
  const values: Readonly<Record<string, string | undefined>> = {
    uid,
    mode,
    dn: textOf(Buffer.from(dn)),
    homeDirectory: textValue(job, 'homeDirectory'),
  };
  const named = [...placeholdersOf(command)].filter((name) => Object.hasOwn(values, name));
  const missing = named.find((name) => values[name] === undefined);
  if (missing !== undefined) {
    return {
      ok: false,
      reason: `script.command names {${missing}}, but the entry has no ${missing} that can be an argument (text without NUL, at most 64 KiB); correct the entry`,
    };
  }
  const argv = fillCommand(command, values);
  return { ok: true, argv: named.length > 0 ? argv : [...argv, mode, uid] };
}

/**
 * Builds the whole environment of a script. Variables are left out if the entry has no value, or
 * none that fits into the environment.
 */
export function buildEnvironment(job: Job, environmentSettings: EnvironmentSettings): Record<string, string> {
  const { record } = job;
  const { quotaAttribute, homeRoot, homeLayout } = environmentSettings;
  const fromEntry = {
    PROV_DN: textOf(Buffer.from(record.dn)),
    PROV_ENTRY_UUID: record.entryUUID === undefined ? undefined : textOf(Buffer.from(record.entryUUID)),
    PROV_HOME_DIRECTORY: textValue(job, 'homeDirectory'),
    PROV_UID_NUMBER: textValue(job, 'uidNumber'),
    PROV_GID_NUMBER: textValue(job, 'gidNumber'),
    PROV_QUOTA: quotaAttribute === null ? undefined : textValue(job, quotaAttribute),
  };
  const environment: Record<string, string> = {
    PATH: environmentSettings.path,
    LANG: environmentSettings.language,
    TZ: environmentSettings.timeZone,
    PROV_MODE: job.mode,
    PROV_UID: record.uid,
    PROV_ATTEMPT: String(job.attempt),
    PROV_RESUMED: job.resumed ? '1' : '0',
    ...(homeRoot === null ? {} : { PROV_HOME_ROOT: comparablePath(homeRoot), PROV_HOME_LAYOUT: homeLayout }),
  };
  for (const [name, value] of Object.entries(fromEntry)) {
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** A value of an attribute: text, or the bytes of a value that is not UTF-8. */
type InputValue = string | { readonly base64: string };

/**
 * Builds the standard input of a script: one line of JSON, `{mode, uid, dn, attributes}`.
 * `attributes` maps each name to an array of values. A value that is not UTF-8 is
 * `{"base64": "..."}`. Secrets are left out. Values beyond 4 MiB in total are left out, and
 * `omitted` lists their attributes.
 */
export function buildInput(job: Job): string {
  const attributes: Record<string, InputValue[]> = {};
  const omitted: string[] = [];
  let room = MOST_INPUT_BYTES;
  for (const [name, values] of job.entry.attributes()) {
    if (isSecret(name)) continue;
    const kept = values.filter((value) => {
      if (value.length > room) return false;
      room -= value.length;
      return true;
    });
    if (kept.length < values.length) omitted.push(name);
    // An assignment would change the prototype if a server names an attribute "__proto__".
    Object.defineProperty(attributes, name, { value: kept.map(inputValue), enumerable: true });
  }
  const { uid, dn } = job.record;
  const input = { mode: job.mode, uid, dn, attributes, ...(omitted.length > 0 ? { omitted } : {}) };
  return `${JSON.stringify(input)}\n`;
}

function inputValue(value: Buffer): InputValue {
  return isUtf8(value) ? value.toString('utf8') : { base64: value.toString('base64') };
}

const SECRET =
  /passw(?:or)?d|passphrase|pwdhistory|unicodepwd|secret|privatekey|pkcs12|(?:nt|lm)hash|^krb.*(?:key|extradata)|^2\.5\.4\.35$/i;

/**
 * Whether an attribute holds a password or a key, by its name without options such as `;binary`.
 */
export function isSecret(name: string): boolean {
  return SECRET.test(name.split(';', 1)[0] ?? name);
}

/** The first value of an attribute, if it can be an argument. */
function textValue(job: Job, attribute: string): string | undefined {
  const [value] = job.entry.values(attribute);
  return value === undefined ? undefined : textOf(value);
}

function textOf(value: Buffer): string | undefined {
  const fits = value.length > 0 && value.length <= LONGEST_ARGUMENT_BYTES && !value.includes(0) && isUtf8(value);
  return fits ? value.toString('utf8') : undefined;
}
