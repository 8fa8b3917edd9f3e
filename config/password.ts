import { stat } from 'node:fs/promises';
import { readDescriptor, readInput } from '../src/host/input-file.ts';
import { type Environment, PASSWORD_VARIABLE } from './bind-rules.ts';
import type { Settings } from './schema.ts';

/** The size limit in bytes: far more than any directory accepts as a password. */
export const LARGEST_PASSWORD = 64 * 1024;

/**
 * Returns a function that reads the password of `directory.bindDn`. A file is read at each call, so
 * that a changed password takes effect without a restart; a file descriptor is read at the first
 * call only. One newline at the end is removed. Without a bindDn the password is empty. The
 * function rejects with the error of the file system if it cannot read.
 */
export function passwordReader(directory: Settings['directory'], env: Environment): () => Promise<string> {
  const { bindDn, bindPassword, bindPasswordFile, bindPasswordFd } = directory;
  if (bindDn === null) return async () => '';
  if (bindPasswordFile !== null) return () => readPassword(bindPasswordFile);
  if (bindPasswordFd !== null) {
    let read: Promise<string> | undefined;
    return () => {
      read ??= readDescriptor(bindPasswordFd, LARGEST_PASSWORD).then(textOf);
      return read;
    };
  }
  const password = bindPassword ?? env[PASSWORD_VARIABLE] ?? '';
  return async () => password;
}

/** Reads a password from its file. One newline at the end is removed. */
export async function readPassword(file: string): Promise<string> {
  return textOf(await readInput(file, LARGEST_PASSWORD));
}

/** A risk that does not prevent the service from working. */
export interface SecretFinding {
  readonly secret: 'password' | 'key' | 'headers';
  /** Who else can read it. */
  readonly readers: 'everybody' | 'group';
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Finds out whether other users can read a password (in its own file or in the configuration file),
 * the key of the client certificate, or the headers of the webhook. Other users are all users of
 * the host, and the members of a group that is not in `groups`. By default, `groups` has the group
 * of root and the groups of this process, which is assumed to have the groups of the service.
 */
export async function secretFindings(
  configPath: string,
  { directory, notify }: Pick<Settings, 'directory' | 'notify'>,
  groups: ReadonlySet<number> = ownGroups(),
): Promise<SecretFinding[]> {
  const files = [
    ['password', directory.bindPasswordFile],
    ['password', directory.bindPassword === null ? null : configPath],
    ['key', directory.tls.keyFile],
    ['password', notify.mail.passwordFile],
    ['headers', Object.keys(notify.webhook.headers).length === 0 ? null : configPath],
  ] as const;
  const findings = await Promise.all(
    files.map(([secret, file]) => (file === null ? undefined : findingOfFile(secret, file, groups))),
  );
  return findings.filter((finding) => finding !== undefined);
}

async function findingOfFile(
  secret: SecretFinding['secret'],
  file: string,
  groups: ReadonlySet<number>,
): Promise<SecretFinding | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  if ((found.mode & 0o004) !== 0) {
    const problem = `every user of this host can read the ${secret} in ${file}`;
    return { secret, readers: 'everybody', problem, remedy: `chmod o-rwx ${file}` };
  }
  if ((found.mode & 0o040) === 0 || groups.has(found.gid)) return undefined;
  const problem = `the group ${found.gid}, which is not the service's, can read the ${secret} in ${file}`;
  return { secret, readers: 'group', problem, remedy: `chmod g-rwx ${file}, or chgrp it to a group of the service` };
}

function ownGroups(): ReadonlySet<number> {
  return new Set([0, ...(process.getgroups?.() ?? [])]);
}

/**
 * The settings without secrets, for output. The path of a webhook is left out, because it often is
 * a secret.
 */
export function redacted(settings: Settings): Settings {
  const { directory, notify } = settings;
  const { url, headers } = notify.webhook;
  const shownHeaders = Object.fromEntries(Object.keys(headers).map((name) => [name, HIDDEN]));
  const shownUrl = url === null ? null : `${new URL(url).origin}/${HIDDEN}`;
  return {
    ...settings,
    directory: { ...directory, bindPassword: directory.bindPassword === null ? null : HIDDEN },
    notify: { ...notify, webhook: { ...notify.webhook, url: shownUrl, headers: shownHeaders } },
  };
}

const HIDDEN = '(not shown)';

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}
