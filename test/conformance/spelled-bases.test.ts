import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountAttributes, BASE, ldifRecord } from '../support/accounts.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { ServiceTraces } from '../support/service-traces.ts';
import { type TestDirectory, text } from '../support/test-directory.ts';
import { SERVERS } from './servers.ts';

/** DNs above accounts: the one that is created, and other spellings of it for `directory.base`. */
const BASES = [
  { made: 'ou=Backup\\, Zug', spelt: ['ou=Backup\\2C Zug', 'OU = backup\\,  zug', 'ou="Backup, Zug"'] },
  { made: 'ou=Zürich', spelt: ['ou=ZÜRICH', 'ou=Z\\C3\\BCrich'] },
  { made: 'ou=R\\+D+l=Bern', spelt: ['l=Bern+ou=R\\2BD', 'OU="r+d" + L=bern'] },
  { made: 'ou=\\#1\\20', spelt: ['ou=\\231', 'ou=\\#1\\ \\ '] },
  { made: 'ou=plain', spelt: ['organizationalUnitName=plain', '2.5.4.11=plain'] },
] as const;

const CASES = BASES.flatMap(({ made, spelt }, base) =>
  spelt.map((spelling, index) => ({ made, spelling, uid: `${4_000_000 + 10 * base + index}` })),
);

/**
 * 389-ds finds no entry by these spellings: it knows one name of each type only, and compares
 * escaped blanks.
 */
const UNKNOWN_TO_389: readonly string[] = [
  ...['ou=\\231', 'ou=\\#1\\ \\ '],
  ...['organizationalUnitName=plain', '2.5.4.11=plain'],
];

/** Runs until the test ends it. */
const SCRIPT = 'echo begun\nuntil [ -e "$FOLDER/end" ]; do sleep 0.01; done\necho "$@" >> "$FOLDER/runs"';
const TRACE = [
  expect.stringMatching(/^received change=add mode=add /),
  'queued mode=add',
  'claimed mode=adding',
  'output line=begun mode=adding stream=stdout',
  'step mode=adding name=script outcome=done',
  'finished mode=added',
];
const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe.each(SERVERS)('a base that is spelt otherwise than by $name', ({ name: server, start }) => {
  let directory: TestDirectory;
  let stop: () => Promise<void>;
  let service: RunningService | undefined;

  const load = async (ldif: string): Promise<void> => {
    expect((await directory.load(ldif)).stderr).toBe('');
  };

  beforeAll(async () => {
    const started = await start();
    directory = started.directory;
    stop = () => started.stop();
    for (const { made } of BASES) await load(ldifRecord(`${made},${BASE}`, { objectClass: 'organizationalUnit' }));
  });
  afterEach(async () => {
    await service?.remove();
    service = undefined;
  });
  afterAll(() => stop?.());

  const known = CASES.filter(({ spelling }) => server !== '389-ds' || !UNKNOWN_TO_389.includes(spelling));

  it.each(known)('finishes once what is renamed in mid-script below $spelling', async ({ made, spelling, uid }) => {
    const base = `${spelling},${BASE}`;
    const { url } = directory.login;
    service = await setUpService({ url, directory: { base }, script: SCRIPT, flags: ['--json'] });
    const traces = new ServiceTraces(service);
    await service.start();
    const name = `uid=${uid},${made},${BASE}`;
    await load(ldifRecord(name, accountAttributes(uid, OPEN)));
    await traces.ends(uid, 'output line=begun mode=adding stream=stdout');
    const renamed = `${uid}0`;
    await load(`dn: ${name}\nchangetype: modrdn\nnewrdn: uid=${renamed}\ndeleteoldrdn: 1\n\n`);
    await writeFile(join(service.folder, 'end'), '');
    await traces.ends(uid, 'finished mode=added');
    expect(traces.pinned).toEqual({ [uid]: TRACE });
    const [entry] = await directory.search(BASE, `(uid=${renamed})`);
    expect(entry && text(entry, 'sstProvisioningMode')).toBe('added');
    expect(await service.stop()).toBe(0);
    expect(await readFile(join(service.folder, 'runs'), 'utf8')).toBe(`add ${uid}\n`);
  });
});
