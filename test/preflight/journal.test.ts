import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import { nameOf } from '../../src/journal/journal-files.ts';
import { checkJournal } from '../../src/preflight/journal.ts';

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-check-'));
  chmodSync(folder, 0o755);
  directory = join(folder, 'journal');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

async function told(sections: object = {}, more: object = {}): Promise<string[]> {
  const required = { directory: { url: 'ldap://127.0.0.1', base: 'dc=example' }, script: { command: ['/bin/true'] } };
  const settings = parseConfig(
    JSON.stringify({ ...required, journal: { directory, maxSize: '1MiB', ...sections }, ...more }),
    {},
    'test.yaml',
  );
  return (await checkJournal(settings)).map(({ verdict, what, found }) => `${verdict} ${what}: ${found}`);
}

it('looks at nothing where no journal is set', async () => {
  expect(await told({ directory: null })).toEqual([]);
});

it('finds a place that can be written, who may read there, and room, and makes nothing', async () => {
  expect(await told()).toEqual([
    `ok journal: ${directory} is created at the start`,
    'ok journal readers: only its owner',
    expect.stringMatching(/^ok journal room: \d+ [MG]iB free, of which the journal takes at most 1 MiB$/),
  ]);
  expect(readdirSync(folder)).toEqual([]);
  mkdirSync(directory, { mode: 0o700 });
  expect((await told())[0]).toBe(`ok journal: ${directory} can be written to`);
});

it('names a place that cannot be one, and only advises where the unit may make it', async () => {
  writeFileSync(directory, '');
  expect(await told()).toEqual([`fail journal: ${directory} is not a folder`]);
  expect(await told({ directory: join(folder, 'a/b') })).toEqual([`advice journal: ${folder}/a does not exist yet`]);
  rmSync(directory);
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  expect(await told()).toEqual([
    `fail journal: ${directory} cannot be written (everybody can write to the folder ${directory})`,
  ]);
});

it('names a group that cannot read what is there', async () => {
  const withGroup = (group: string) => told({}, { operator: { group } });
  expect((await withGroup('adm'))[1]).toBe('ok journal readers: its owner, and the group adm');
  mkdirSync(directory, { mode: 0o700 });
  expect((await withGroup('adm'))[1]).toBe(`advice journal readers: the group adm cannot read ${directory}`);
});

it('names files that every user can read', async () => {
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, nameOf(0)), '', { mode: 0o644 });
  expect((await told())[1]).toBe(`advice journal readers: every user of this host can read files in ${directory}`);
});

it('says when there is less room than the journal may take', async () => {
  expect((await told({ maxSize: '1TiB' }))[2]).toMatch(
    /^advice journal room: \d+ [MG]iB free, of which the journal takes at most 1024 GiB$/,
  );
});
