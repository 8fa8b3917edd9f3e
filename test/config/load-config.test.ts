import { chmod, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../config/fault.ts';
import { loadConfig } from '../../config/load-config.ts';
import { passwordReader, redacted, secretFindings } from '../../config/password.ts';
import { HOSTILE_FILES } from '../support/hostile-files.ts';

let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function configuration(directory: Record<string, unknown> = {}, others: Record<string, unknown> = {}) {
  const path = inFolder('service.yaml');
  const settings = {
    directory: { url: 'ldap://localhost', base: 'dc=example', ...directory },
    script: { command: ['/bin/true'] },
    ...others,
  };
  await writeFile(path, JSON.stringify(settings, null, 1));
  return path;
}

async function faultsOf(path: string): Promise<string[]> {
  const error = await loadConfig(path, {}).then(
    () => new ConfigurationError(path, []),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigurationError)) throw error;
  return error.message.replaceAll(folder, 'FOLDER').split('\n').slice(1);
}

describe('loadConfig', () => {
  it('reads a file, with every default filled in and durations in milliseconds', async () => {
    const settings = await loadConfig(await configuration(), {});
    expect(settings.directory.url).toEqual(['ldap://localhost']);
    expect(settings.script.timeout).toBe(600_000);
    expect(settings.rsnapshot.mode).toBe(0o640);
  });

  it('says what is wrong with the file itself', async () => {
    await writeFile(inFolder('latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4]));
    const expected = 'expected a YAML file in UTF-8 that the service may read';
    expect(await faultsOf(inFolder('missing.yaml'))).toEqual([`  given no file, ${expected}`]);
    expect(await faultsOf(folder)).toEqual([`  given a folder, ${expected}`]);
    expect(await faultsOf(inFolder('latin1.yaml'))).toEqual([`  given text that is not UTF-8, ${expected}`]);
  });

  it.each(HOSTILE_FILES)('says what is there instead: %s', async (_title, put, named) => {
    const path = put(folder);
    expect(await faultsOf(path)).toEqual([expect.stringMatching(named)]);
    expect(await faultsOf(await configuration({ bindDn: 'cn=a', bindPasswordFile: path }))).toEqual([
      expect.stringMatching(named),
    ]);
    expect(await faultsOf(await configuration({ tls: { caFile: path } }))).toEqual([expect.stringMatching(named)]);
  });

  it('says which files that are named in it cannot be used', async () => {
    await writeFile(inFolder('ca.pem'), 'no certificate');
    const path = await configuration(
      { tls: { caFile: inFolder('ca.pem') }, bindDn: 'cn=a', bindPasswordFile: inFolder('missing') },
      {
        script: { command: ['/bin/true'], homeRoot: '/srv' },
        rsnapshot: { enabled: true, template: inFolder('template') },
      },
    );
    expect(await faultsOf(path)).toEqual([
      '  line 6: directory.tls.caFile: given FOLDER/ca.pem, expected a PEM file of certificates that the service may read (it contains no certificate)',
      '  line 9: directory.bindPasswordFile: given FOLDER/missing, expected a file that the service may read (ENOENT)',
      '  line 19: rsnapshot.template: given FOLDER/template, expected a file that the service may read (ENOENT)',
    ]);
  });
});

describe('the password', () => {
  const bindDn = 'cn=service,dc=example';

  it('is read from its file at each bind, without its newline', async () => {
    const bindPasswordFile = inFolder('password');
    await writeFile(bindPasswordFile, ' first \n');
    const { directory } = await loadConfig(await configuration({ bindDn, bindPasswordFile }), {});
    const read = passwordReader(directory, {});

    expect(await read()).toBe(' first ');
    await writeFile(bindPasswordFile, 'second\n\n');
    expect(await read()).toBe('second\n');
    await rm(bindPasswordFile);
    await expect(read()).rejects.toThrow('ENOENT');
  });

  it('is read from a file descriptor once', async () => {
    await writeFile(inFolder('password'), 'geheim\n');
    const file = await open(inFolder('password'));
    const { directory } = await loadConfig(await configuration({ bindDn, bindPasswordFd: file.fd }), {});
    const read = passwordReader(directory, {});

    expect([await read(), await read()]).toEqual(['geheim', 'geheim']);
    await file.close();
    expect(await read()).toBe('geheim');
  });

  it('comes from the setting, from the environment, or is empty without a bindDn', async () => {
    const env = { PROV_BIND_PASSWORD: 'from the environment' };
    const own = await loadConfig(await configuration({ bindDn, bindPassword: 'own' }), {});
    const fromEnvironment = await loadConfig(await configuration({ bindDn }), env);
    const anonymous = await loadConfig(await configuration(), env);

    expect(await passwordReader(own.directory, {})()).toBe('own');
    expect(await passwordReader(fromEnvironment.directory, env)()).toBe('from the environment');
    expect(await passwordReader(anonymous.directory, env)()).toBe('');
  });

  it('is found to be open to everybody, in its file and in the configuration', async () => {
    const bindPasswordFile = inFolder('password');
    await writeFile(bindPasswordFile, 'geheim');
    const path = await configuration({ bindDn, bindPasswordFile });
    const settings = await loadConfig(path, {});

    await chmod(bindPasswordFile, 0o640);
    expect(await secretFindings(path, settings)).toEqual([]);
    await chmod(bindPasswordFile, 0o644);
    expect(await secretFindings(path, settings)).toEqual([
      {
        secret: 'password',
        readers: 'everybody',
        problem: `every user of this host can read the password in ${bindPasswordFile}`,
        remedy: `chmod o-rwx ${bindPasswordFile}`,
      },
    ]);

    const directory = { ...settings.directory, bindPasswordFile: null, bindPassword: 'geheim' };
    const inline = { ...settings, directory };
    await chmod(path, 0o644);
    expect(await secretFindings(path, inline)).toHaveLength(1);
    await chmod(path, 0o600);
    expect(await secretFindings(path, inline)).toEqual([]);
  });

  it("is found to be open to a group that is not the service's, and to no other", async () => {
    const bindPasswordFile = inFolder('password');
    await writeFile(bindPasswordFile, 'geheim');
    await chmod(bindPasswordFile, 0o640);
    const path = await configuration({ bindDn, bindPasswordFile });
    const settings = await loadConfig(path, {});
    const { gid } = await stat(bindPasswordFile);
    expect(await secretFindings(path, settings)).toEqual([]);
    expect(await secretFindings(path, settings, new Set([gid + 1]))).toEqual([
      {
        secret: 'password',
        readers: 'group',
        problem: `the group ${gid}, which is not the service's, can read the password in ${bindPasswordFile}`,
        remedy: `chmod g-rwx ${bindPasswordFile}, or chgrp it to a group of the service`,
      },
    ]);
    await chmod(bindPasswordFile, 0o600);
    expect(await secretFindings(path, settings, new Set())).toEqual([]);
  });

  it('is left out of the settings that are shown', async () => {
    const settings = await loadConfig(await configuration({ bindDn, bindPassword: 'geheim' }), {});
    expect(JSON.stringify(redacted(settings))).not.toContain('geheim');
    expect(settings.directory.bindPassword).toBe('geheim');
  });
});
