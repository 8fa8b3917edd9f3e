import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BASE, SUFFIX } from '../support/accounts.ts';
import { exited, track } from '../support/children.ts';
import type { Operation } from '../support/ldap-framer.ts';
import { MAIN } from '../support/main.ts';
import { type FaultProxy, type HeldMessage, startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { ROOT_DN, ROOT_PASSWORD } from '../support/slapd-config.ts';
import { text } from '../support/test-directory.ts';

const person = (cn: string, base: string, ...more: string[]) =>
  [`dn: cn=${cn},${base}`, 'objectClass: person', 'objectClass: posixAccount', `cn: ${cn}`, `sn: ${cn}`, `uid: ${cn}`]
    .concat(['uidNumber: 5000', 'gidNumber: 5000', `homeDirectory: /${cn}`, ...more, '', ''])
    .join('\n');
const modify = (cn: string, base: string, ...lines: string[]) =>
  [`dn: cn=${cn},${base}`, 'changetype: modify', ...lines, '-', '', ''].join('\n');

describe('ldif load and a slapd that goes away in mid-load', () => {
  let slapd: Slapd;
  let proxy: FaultProxy;
  let folder: string;
  let base: string;
  let bases = 0;

  beforeAll(async () => {
    slapd = await startSlapd({ globalLines: ['sockbuf_max_incoming_auth 262143'] });
    proxy = await startProxy(slapd.port);
    folder = mkdtempSync(join(tmpdir(), 'ldif-restart-'));
    const directory = `{ url: "${proxy.url}", base: "${BASE}", bindDn: "${ROOT_DN}", bindPassword: "${ROOT_PASSWORD}" }`;
    const yaml = `directory: ${directory}\nscript: { command: [/bin/true] }\nreconnect: { initial: 10ms, max: 50ms }\n`;
    writeFileSync(join(folder, 'config.yaml'), yaml, { mode: 0o600 });
  });
  afterAll(async () => {
    await proxy.close();
    await slapd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let loads: ChildProcess[] = [];
  beforeEach(async () => {
    bases += 1;
    base = `ou=load${bases},${SUFFIX}`;
    await slapd.add(base, { objectClass: 'organizationalUnit', ou: `load${bases}` });
  });
  afterEach(async () => {
    for (const child of loads) child.kill('SIGKILL');
    await Promise.all(loads.map(exited));
    loads = [];
  });

  /** Starts a load. `printed` is called with all output so far. */
  function load(ldif: string, flags: readonly string[] = [], printed: (out: string) => void = () => {}) {
    const file = join(folder, 'load.ldif');
    writeFileSync(file, ldif);
    const args = [MAIN, 'ldif', 'load', '-c', join(folder, 'config.yaml'), file, ...flags];
    const child = track(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    loads.push(child);
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (words: string) => {
      said.out += words;
      printed(said.out);
    });
    child.stderr.setEncoding('utf8').on('data', (words: string) => {
      said.err += words;
    });
    return exited(child).then(() => ({ code: child.exitCode, ...said }));
  }

  it.each([[['--continue']], [[]]])('continues where it was after slapd was restarted (%j)', async (flags) => {
    const records = 3_000;
    let restarted: Promise<void> | undefined;
    const ldif = Array.from({ length: records }, (_, index) => person(`p${index}`, base)).join('');
    const { code, out, err } = await load(ldif, flags, (said) => {
      if (said.includes('record 500 ')) restarted ??= slapd.restart();
    });
    await restarted;
    expect(out.split('\n').at(-2)).toBe(`${records} records applied, 0 failed`);
    expect(err).toMatch(
      /^-- .*; waiting for the directory, for at most 5 min\n-- the directory is reachable again after /,
    );
    expect(err.split('\n')).toHaveLength(3);
    expect(code).toBe(0);
    expect(await slapd.search(base, '(objectClass=person)')).toHaveLength(records);
  });

  const CASES: ReadonlyArray<readonly [string, string, Operation, Operation, () => string]> = [
    ['an add', 'add', 'addRequest', 'addResponse', () => person('n', base)],
    ['a delete', 'delete', 'deleteRequest', 'deleteResponse', () => `dn: cn=p,${base}\nchangetype: delete\n\n`],
    [
      'a modify',
      'modify',
      'modifyRequest',
      'modifyResponse',
      () => modify('p', base, 'delete: sn', 'sn: p', '-', 'add: sn', 'sn: z'),
    ],
    [
      'a rename',
      'rename',
      'renameRequest',
      'renameResponse',
      () => `dn: cn=p,${base}\nchangetype: modrdn\nnewrdn: cn=n\ndeleteoldrdn: 1\n\n`,
    ],
  ];

  it.each(CASES)(
    'does %s once, whether its request or its answer was lost',
    async (_what, kind, request, answer, ldif) => {
      for (const [direction, operation] of [
        ['up', request],
        ['down', answer],
      ] as const) {
        for (const { dn } of await slapd.search(base, '(objectClass=person)')) await slapd.delete(dn);
        expect(await slapd.load(person('p', base))).toMatchObject({ code: 0 });
        const lost = proxy.hold(direction, operation).then((held: HeldMessage) => held.connection.reset());
        const { code, out, err } = await load(`${ldif()}${person('last', base)}`);
        await lost;
        expect(err).toContain('the directory is reachable again');
        expect(out).toMatch(new RegExp(`^record 1 \\(line 1\\): ${kind} .*: done\n`));
        expect([out.split('\n').at(-2), code]).toEqual(['2 records applied, 0 failed', 0]);
      }
    },
  );

  it('knows an entry that was added by the lost request, whatever has changed it since', async () => {
    const held = proxy.hold('down', 'addResponse', 2);
    const loaded = load([person('first', base), person('p', base), person('last', base)].join(''));
    const { connection } = await held;
    await slapd.modify(`cn=p,${base}`, { sn: 'changed' });
    connection.reset();
    const { code, out } = await loaded;
    expect([out.split('\n').at(-2), code]).toEqual(['3 records applied, 0 failed', 0]);
    const entry = await slapd.readEntry(`cn=p,${base}`);
    expect(entry && text(entry, 'sn')).toBe('changed');
  });

  it('says of an increment whose answer was lost that the result is unknown, and continues if it was asked to', async () => {
    expect(await slapd.load(person('p', base))).toMatchObject({ code: 0 });
    const lost = proxy.hold('down', 'modifyResponse').then((held) => held.connection.reset());
    const increment = modify('p', base, 'increment: uidNumber', 'uidNumber: 1');
    const { code, out, err } = await load(`${increment}${person('last', base)}`, ['--continue']);
    await lost;
    expect(err).toMatch(/record 1 .*the answer was lost, and the entry does not show whether an increment was made/);
    expect([out.split('\n').at(-2), code]).toEqual(['1 record applied, 1 failed', 1]);
    const entry = await slapd.readEntry(`cn=p,${base}`);
    expect(entry && text(entry, 'uidNumber')).toBe('5001');
  });

  it('passes over a record that slapd closes the connection at, as it is too large', async () => {
    const photo = `description: ${'x'.repeat(1024 * 1024)}`;
    const { code, out, err } = await load(`${person('large', base, photo)}${person('last', base)}`, ['--continue']);
    expect(err).toMatch(/record 1 .*the connection broke 3 times at this record.*sockbuf_max_incoming_auth/);
    expect([out.split('\n').at(-2), code]).toEqual(['1 record applied, 1 failed', 1]);
  });
});
