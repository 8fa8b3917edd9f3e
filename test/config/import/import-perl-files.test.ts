import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../config/fault.ts';
import { importPerlFiles } from '../../../config/import/import-perl-files.ts';
import { PERL_KEYS } from '../../../config/import/perl-keys.ts';
import { accountFilter } from '../../../config/import/search-filter.ts';
import { parseConfig } from '../../../config/load-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Given {
  readonly own: string;
  readonly global?: string;
  readonly script?: string;
}

async function imported({ own, global, script }: Given) {
  const [ownFile, globalFile] = [join(folder, 'own.conf'), join(folder, 'global.conf')];
  await writeFile(ownFile, own);
  if (global !== undefined) await writeFile(globalFile, global);
  const result = await importPerlFiles({
    own: ownFile,
    global: global === undefined ? undefined : globalFile,
    script,
    passwordFile: '/etc/password',
    mailPasswordFile: '/etc/mail-password',
  });
  return {
    ...result,
    settings: parseConfig(result.yaml, {}, 'imported.yaml'),
    remarks: result.remarks.map((remark) => remark.replaceAll(`${folder}/`, '')),
  };
}

const refusal = (given: Given): Promise<string> =>
  imported(given).then(
    () => 'imported',
    (error: unknown) => (error instanceof ConfigurationError ? error.message : String(error)),
  );

const DATABASE = `[Database]
BACKEND = LDAP
SERVER = ldap1.example.org
PORT = 636
ADMIN_USER = cn=Manager,dc=example,dc=org
ADMIN_PASSWORD = ge=heim
SERVICE_SUBTREE = ou=accounts,dc=example,dc=org
`;
const SERVICE = `[Service]
MODUS = selfcare
TRANSPORTAPI = LocalCLI
SERVICE = Backup
TYPE = Rsnapshot
`;

describe('a configuration of the Perl daemon', () => {
  it('becomes one of the service, without its password', async () => {
    const { settings, yaml, password, isComplete } = await imported({
      own: DATABASE + SERVICE,
      script: '/opt/chroot.sh',
    });
    expect(settings.directory).toMatchObject({
      url: ['ldaps://ldap1.example.org'],
      startTls: false,
      bindDn: 'cn=Manager,dc=example,dc=org',
      bindPasswordFile: '/etc/password',
      base: 'ou=accounts,dc=example,dc=org',
      filter: '(objectClass=sstProvisioning)',
    });
    expect(settings.script.command).toEqual(['/opt/chroot.sh']);
    expect(password).toBe('ge=heim');
    expect(yaml).not.toContain('heim');
    expect(isComplete).toBe(true);
  });

  it('wins over the global one', async () => {
    const global = `${DATABASE}[Global]\nLOG_DEBUG=0\nLOG_INFO = 0\nLOG_WARNING = 1\nLOG_ERR = 1\n`;
    const { settings } = await imported({ own: '[Database]\nSERVER = 192.0.2.1\n[Global]\nLOG_INFO = 1\n', global });
    expect(settings.directory.url).toEqual(['ldaps://192.0.2.1']);
    expect(settings.log).toMatchObject({
      level: 'info',
      syslog: { address: { path: '/dev/log' }, facility: 'local0' },
    });
  });

  it('has its password encrypted on the way, which is to be seen to', async () => {
    const { settings, remarks, isComplete } = await imported({ own: DATABASE.replace('636', '389'), script: '/s' });
    expect(settings.directory).toMatchObject({ url: ['ldap://ldap1.example.org'], startTls: true });
    expect(remarks[0]).toBe(
      'own.conf:3: [Database] SERVER: directory.startTls is true, because the password must not be sent unencrypted',
    );
    expect(isComplete).toBe(false);
  });

  it('may have its script on another host', async () => {
    const own = `${DATABASE}[Service]\nTRANSPORTAPI = CLISSH\n[Gateway]\nHOST = b1\nUSER = prov\nDSA_FILE = /root/.ssh/id\n`;
    const { settings } = await imported({ own, script: '/opt/chroot.sh' });
    const [program, ...args] = settings.script.command;
    expect(program).toBe('/usr/bin/ssh');
    expect(args.join(' ')).toBe('-o BatchMode=yes -i /root/.ssh/id -- prov@b1 /opt/chroot.sh {mode} {uid}');
  });

  it('mails to whom the Perl daemon did, with its password in a file of its own', async () => {
    const own = `${DATABASE}[Mail]\nSENDTO = ops@example.org, night@example.org\nHOST = mail.example.org\nPORT = 587\nUSERNAME = prov\nPASSWORD = geheim\nFROMNAME = prov@example.org\nCA_DIR = /etc/ssl/certs\nSSL = starttls\nAUTH_METHOD = LOGIN\nWANTINFOMAIL = 1\n`;
    const { settings, yaml, mailPassword, remarks } = await imported({ own, script: '/bin/true' });
    expect(settings.notify.mail).toEqual({
      server: { scheme: 'smtp', host: 'mail.example.org', port: 587 },
      startTls: true,
      caFile: null,
      from: 'prov@example.org',
      to: ['ops@example.org', 'night@example.org'],
      user: 'prov',
      passwordFile: '/etc/mail-password',
    });
    expect([mailPassword, yaml.includes('geheim')]).toEqual(['geheim', false]);
    expect(remarks.filter((remark) => remark.includes('[Mail]')).map((remark) => remark.split(' ')[2])).toEqual([
      'CA_DIR:',
      'AUTH_METHOD:',
      'WANTINFOMAIL:',
    ]);
  });

  it.each([
    [
      'smtps where SSL or the port says so',
      'HOST = m\nPORT = 465\nFROMNAME = a@b.c\n',
      { scheme: 'smtps', port: 465 },
      true,
      0,
    ],
    [
      'as it was on the host itself',
      'HOST = localhost\nPORT = 25\nFROMNAME = a@b.c\n',
      { scheme: 'smtp', port: 25 },
      false,
      0,
    ],
    ['by StartTLS elsewhere, which is told', 'HOST = m\nFROMNAME = a@b.c\n', { scheme: 'smtp', port: 587 }, true, 1],
    ['with a sender of its own, which is told', 'HOST = m\nSSL = starttls\nFROMNAME = Prov\n', { port: 587 }, true, 1],
  ])('mails %s', async (_, lines, server, startTls, todo) => {
    const own = `${DATABASE}[Mail]\nSENDTO = ops@example.org\n${lines}`;
    const { settings, remarks, isComplete } = await imported({ own, script: '/bin/true' });
    expect(settings.notify.mail).toMatchObject({ server, startTls, user: null });
    expect(remarks.filter((remark) => remark.includes('notify.mail.'))).toHaveLength(todo);
    expect(isComplete).toBe(todo === 0);
  });

  it('is reported line by line if it has no counterpart or is unknown; no value is shown', async () => {
    const own = `# a comment\n${DATABASE}COOKIE_FILE = /c\nDEFAULT_COOKIE =\nserver = geheim\n[Mail]\nSENDTO = geheim\n[Module X]\nSCRIPT = /geheim\n[Globl]\nSLEEP = 1\n`;
    const { remarks, isComplete } = await imported({ own });
    expect(remarks).toEqual([
      'own.conf:9: [Database] COOKIE_FILE: no counterpart: it is not needed: each connection begins with a list of the open accounts',
      'own.conf:10: [Database] DEFAULT_COOKIE: no counterpart: it is not needed: each connection begins with a list of the open accounts',
      'own.conf:11: [Database] server: unknown key; SERVER is known',
      'own.conf:13: [Mail] SENDTO: not mail addresses: set notify.mail',
      expect.stringMatching(/^own\.conf:15: \[Module X\] SCRIPT: unknown section: .* keys script, quota, rsnapshot$/),
      expect.stringMatching(/^own\.conf:17: \[Globl\] SLEEP: unknown section; \[Global\] is known: /),
      expect.stringMatching(/^script\.command: the files do not name the script/),
      'notify.mail.server: [Mail] HOST is missing, so no mails are sent',
      expect.stringMatching(/^script\.homeRoot, quota\.enabled, rsnapshot\.enabled: /),
    ]);
    expect(isComplete).toBe(false);
  });

  it.each([
    [
      'another way to work',
      `${DATABASE}[Service]\nMODUS = combined\n`,
      /line 9: .*MODUS: given not selfcare: only selfcare/,
    ],
    ['another service', `${DATABASE}[Service]\nSERVICE = KVM\n`, /SERVICE: given not Backup: .*another daemon/],
    [
      'no directory',
      '[Database]\nBACKEND = File\n',
      /line 2: .*BACKEND: given not LDAP.*\n.*directory\.url.*SERVER is missing|SERVER/,
    ],
    ['a base that is none', DATABASE.replace('ou=accounts,', 'geheim,'), /directory\.base: given "geheim,dc/],
    [
      'lines of another form',
      `${DATABASE}geheim\n`,
      /line 8: given a line that is neither \[Section\] nor KEY = value/,
    ],
  ])('is refused with %s', async (_, own, words) => {
    expect(await refusal({ own })).toMatch(words);
  });

  it('is refused or becomes a configuration that is accepted, whatever stands in it', async () => {
    const names = Object.entries(PERL_KEYS).flatMap(([section, keys]) =>
      Object.keys(keys).map((key) => [section, key]),
    );
    const value = fc.oneof(
      fc.constantFrom('LDAP', 'selfcare', 'CLISSH', '0', '1', '636', '::1', 'dc=a', '(&(a=b)(c=%d%))', '(', '\u0000'),
      fc.string(),
    );
    const settings = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(settings, fc.boolean(), async (made, isWhole) => {
        const lines = made.map(([[section, key], written]) => `[${section}]\n${key} = ${written}`);
        const outcome = await refusal({ own: `${isWhole ? DATABASE : ''}${lines.join('\n')}` });
        expect(outcome === 'imported' || outcome.includes('in the configuration')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is left of SEARCH_FILTER', () => {
  it.each([
    ['(&(entryCSN>=%entryCSN%)(objectClass=*))', undefined],
    ['(&(entryCSN>=%entryCSN%)(sstProvisioningState=0))', undefined],
    ['(&(entryCSN>=%entryCSN%)(&(sstProvisioningState=0)(sstNode=a)))', '(sstNode=a)'],
    ['(& (entryCSN>=%entryCSN%) (sstNode=a) (|(b=1)(c=2)) )', '(&(sstNode=a)(|(b=1)(c=2)))'],
    ['(objectClass=sstProvisioning)', '(objectClass=sstProvisioning)'],
    ['(|(entryCSN>=%entryCSN%)(a=b))', null],
    ['(&(entryCSN>=%entryCSN%)', null],
    ['(a=b)(c=d)', null],
    ['(a=%node%)', null],
    ['a=b', null],
  ])('%s', (written, left) => {
    expect(accountFilter(written)).toBe(left);
  });
});
