import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellWord } from '../domain/shell-word.ts';
import { ACCOUNTS_DN, ADMINISTRATOR_DN, SERVICE_DN } from './tree.ts';

/** The folder of the sandbox. It holds every file that the sandbox writes. */
export interface SandboxFolder {
  readonly folder: string;
  readonly scriptFile: string;
  /** The configuration of the service, and one with which commands bind as the administrator. */
  readonly configFile: string;
  readonly administratorConfigFile: string;
  homeOf(uid: string): string;
  /** Removes the folder and everything in it. */
  remove(): Promise<void>;
}

export interface Passwords {
  readonly service: string;
  readonly administrator: string;
}

/** Creates the folder in the folder for temporary files. Only its owner can read it. */
export async function makeSandboxFolder(): Promise<SandboxFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'prov-backup-rsnapshot-sandbox-'));
  await mkdir(join(folder, 'homes'));
  return {
    folder,
    scriptFile: join(folder, 'create-chroot.sh'),
    configFile: join(folder, 'service.yaml'),
    administratorConfigFile: join(folder, 'administrator.yaml'),
    homeOf: (uid) => join(folder, 'homes', uid),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Writes the script and the configurations for the directory at the URL. */
export async function fillSandboxFolder(
  sandboxFolder: SandboxFolder,
  url: string,
  passwords: Passwords,
): Promise<void> {
  const { folder, scriptFile, configFile, administratorConfigFile } = sandboxFolder;
  const login = async (name: string, dn: string, password: string) => {
    const passwordFile = join(folder, `${name}.password`);
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    return configuration({ url, dn, passwordFile, scriptFile, socket: join(folder, 'operator.sock') });
  };
  await writeFile(scriptFile, script(join(folder, 'homes')), { mode: 0o755 });
  await writeFile(configFile, await login('service', SERVICE_DN, passwords.service));
  await writeFile(administratorConfigFile, await login('administrator', ADMINISTRATOR_DN, passwords.administrator));
}

function configuration(given: {
  readonly url: string;
  readonly dn: string;
  readonly passwordFile: string;
  readonly scriptFile: string;
  readonly socket: string;
}): string {
  // A JSON string is a YAML string, whatever the path holds.
  const text = (value: string) => JSON.stringify(value);
  return `# The configuration of the sandbox's service. That of a real service needs little more.
directory:
  url: ${text(given.url)}
  bindDn: ${text(given.dn)}
  bindPasswordFile: ${text(given.passwordFile)}
  base: ${text(ACCOUNTS_DN)}
script:
  command: [${text(given.scriptFile)}]
operator:
  listen: ${text(`unix:${given.socket}`)}
`;
}

/** The script gets the mode and the uid. The service has checked that the uid is safe in a path. */
function script(homes: string): string {
  return `#!/bin/sh
# A harmless replacement for a site's chroot script. It changes nothing outside its own folder.
set -eu
homes=${shellWord(homes)}
mode=$1
uid=$2
case $mode in
  add)
    echo "a real script would create the chroot of $uid now; this one creates an empty folder"
    mkdir -p -- "$homes/$uid"
    ;;
  modify)
    echo "a real script would change the chroot of $uid now (quota: \${PROV_QUOTA:-none} bytes)"
    ;;
  delete)
    echo "a real script would remove the chroot of $uid now; this one removes the empty folder"
    rm -rf -- "\${homes:?}/\${uid:?}"
    ;;
esac
`;
}
