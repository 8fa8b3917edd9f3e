import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../../support/children.ts';
import { Recipe } from '../../support/fenced-blocks.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { makeKey, type Sshd, startSshd } from '../../support/sshd.ts';
import { text } from '../../support/test-directory.ts';

const REQUEST = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe('the recipe for scripts on another host', () => {
  let folder: string;
  let slapd: Slapd;
  let sshd: Sshd;
  let script: RecordingScript;
  let service: ServiceProcess;
  const inFolder = (name: string) => join(folder, name);
  /** Cuts the connection that all scripts share. */
  const cut = () => attempt('ssh', ['-F', inFolder('ssh_config'), '-O', 'exit', 'backup1']);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ssh-recipe-'));
    script = await RecordingScript.create(folder);
    // The script of the other host notes what it is given.
    const notes = ['#!/bin/sh', `printenv | grep ^PROV_ > ${folder}/env-$2`, `cat > ${folder}/entry-$2`];
    const [run = '', control = ''] = script.command;
    await writeFile(inFolder('create-chroot.sh'), [...notes, `exec ${run} ${control} "$1" "$2"`, ''].join('\n'), {
      mode: 0o755,
    });
    await makeKey(inFolder('ssh_key'));
    slapd = await startSlapd();
    const [, keyText = ''] = (await readFile(inFolder('ssh_key.pub'), 'utf8')).split(' ');
    const recipe = new Recipe('Scripts on another host', {
      'AAAA...': keyText,
      '/usr/local/sbin/provision': inFolder('provision'),
      '/usr/local/sbin/create-chroot-on-backup1.sh': inFolder('create-chroot-on-backup1.sh'),
      '/usr/local/sbin/create-chroot.sh': inFolder('create-chroot.sh'),
      '/run/lock/': `${folder}/`,
      '/run/prov-backup-rsnapshot/': `${folder}/`,
      '/etc/prov-backup-rsnapshot/': `${folder}/`,
      'initial: 5s': 'initial: 100ms',
    });
    const keys = inFolder('authorized_keys');
    await writeFile(keys, recipe.block('text'));
    sshd = await startSshd(folder, `AuthorizedKeysFile ${keys}\n${recipe.block('sshd-config')}`);
    const hostKey = await readFile(inFolder('host_key.pub'), 'utf8');
    await writeFile(inFolder('known_hosts'), `[127.0.0.1]:${sshd.port} ${hostKey}`);
    const config = recipe.block('ssh-config');
    expect(config).toContain('HostName backup1.example.org\n  Port 22\n');
    await writeFile(
      inFolder('ssh_config'),
      config.replace('backup1.example.org', '127.0.0.1').replace('Port 22', `Port ${sshd.port}`),
    );
    await writeFile(inFolder('create-chroot-on-backup1.sh'), recipe.block('sh', 0), { mode: 0o755 });
    await writeFile(inFolder('provision'), recipe.block('sh', 1), { mode: 0o755 });
    const settings = withSettings(testSettings(slapd.url, script.command), recipe.settings());
    expect(recipe.unused).toEqual([]);
    service = new ServiceProcess(await writeSettings(folder, settings));
    service.start();
  });
  afterAll(async () => {
    await service?.kill9();
    await cut();
    await sshd?.halt();
    await slapd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('runs them there with all that they are given, over one connection', async () => {
    for (const uid of ['3724300', '3724301', '3724302']) {
      await slapd.addAccount(uid, REQUEST);
      await slapd.waitForMode(uid, 'added');
    }
    expect(script.starts('3724300')).toMatchObject([{ mode: 'add', resumed: false }]);
    expect(await readFile(inFolder('env-3724300'), 'utf8')).toMatch(/^PROV_HOME_DIRECTORY=.*3724300$/m);
    expect(JSON.parse(await readFile(inFolder('entry-3724300'), 'utf8'))).toMatchObject({
      mode: 'add',
      uid: '3724300',
    });
    expect(sshd.output.match(/Accepted publickey/g)).toHaveLength(1);
  });

  it('has their exit code as the return code', async () => {
    await script.exitWith('3724303', 5);
    await slapd.addAccount('3724303', REQUEST);
    await slapd.waitFor('3724303', (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === '5');
  });

  it('has the accounts wait for a host that is away', async () => {
    await cut();
    await sshd.halt();
    await slapd.addAccount('3724304', REQUEST);
    await expect.poll(() => service.output).toMatch(/ retrying +3724304 /);
    expect(script.starts('3724304')).toEqual([]);
    await sshd.start();
    await slapd.waitForMode('3724304', 'added');
    expect(script.starts('3724304')).toHaveLength(1);
  });

  it('has the next attempt wait for a script that goes on when the connection is cut', async () => {
    await script.hold('3724305');
    await slapd.addAccount('3724305', REQUEST);
    await script.started('3724305');
    await cut();
    await expect.poll(() => service.output).toMatch(/ retrying +3724305 /);
    const { ino } = await stat(inFolder('provision-3724305'));
    await expect.poll(() => readFile('/proc/locks', 'utf8')).toMatch(new RegExp(`-> FLOCK .*:${ino} `));
    await script.release('3724305');
    await slapd.waitForMode('3724305', 'added');
    expect(script.starts('3724305')).toHaveLength(2);
    expect(script.overlaps()).toEqual([]);
  });

  it('lets the key start nothing else', async () => {
    const ask = (...words: string[]) => attempt('ssh', ['-F', inFolder('ssh_config'), 'backup1', ...words]);
    expect(await ask('id')).toMatchObject({ code: 64, stderr: 'no such request: id\n' });
    expect(await ask('add', '../passwd')).toMatchObject({ code: 64, stderr: 'no such request: add ../passwd\n' });
  });
});
