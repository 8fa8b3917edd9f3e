import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';

const EXAMPLE = join(import.meta.dirname, '../../config/examples/create-chroot.sh');
/** Who runs the script, and whose the home is. */
const [SERVICE, OWNER] = [12_345, 20_000];

/** docs/installation.md says which capability a service without root needs for what. */
describe.runIf(process.getuid?.() === 0)('the example script without root', () => {
  let folder: string;
  beforeEach(() => {
    // Each folder above a home is root's or the service's, and lets nobody else write.
    folder = mkdtempSync(join(tmpdir(), 'capabilities-'));
    chmodSync(folder, 0o755);
    copyFileSync(EXAMPLE, join(folder, 'script.sh'));
    mkdirSync(join(folder, 'homes'));
    chownSync(join(folder, 'homes'), SERVICE, SERVICE);
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function run(mode: string, ...capabilities: readonly string[]): Promise<number | null> {
    const given = capabilities.map((name) => `+${name}`).join(',');
    const privileges = given === '' ? [] : [`--inh-caps=${given}`, `--ambient-caps=${given}`];
    const user = [`--reuid=${SERVICE}`, `--regid=${SERVICE}`, '--clear-groups', ...privileges];
    const env = {
      PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
      PROV_HOME_ROOT: join(folder, 'homes'),
      PROV_HOME_DIRECTORY: join(folder, 'homes/one'),
      PROV_UID_NUMBER: String(OWNER),
      PROV_GID_NUMBER: String(OWNER),
    };
    return (await attempt('setpriv', [...user, 'sh', join(folder, 'script.sh'), mode, 'one'], { env })).code;
  }

  it('needs CAP_CHOWN and CAP_FOWNER for a new home', async () => {
    expect(await run('add')).toBe(5);
    expect(await run('add', 'fowner')).toBe(5);
    expect(await run('add', 'chown')).toBe(5);
    expect(await run('add', 'chown', 'fowner')).toBe(0);
    expect(await run('modify', 'chown', 'fowner')).toBe(0);
  });

  it('needs CAP_DAC_OVERRIDE to move a home aside', async () => {
    expect(await run('add', 'chown', 'fowner')).toBe(0);
    expect(await run('delete', 'chown', 'fowner')).toBe(1);
    expect(await run('delete', 'dac_override')).toBe(0);
  });
});
