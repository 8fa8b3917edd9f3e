import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { escapeDnValue } from '../../src/domain/dn.ts';
import { type AccountDescription, accountLdif, userNumber } from '../../src/ldif/account-ldif.ts';
import { writeLdifFiles } from '../../src/ldif/write-files.ts';
import { recordsOf } from '../support/ldif-records.ts';

const account: AccountDescription = {
  uid: '3724300',
  base: 'ou=accounts,ou=backup,ou=services,dc=stoney-cloud,dc=org',
  reseller: '4000000',
  customer: '4000001',
  people: '4000002',
  givenname: 'Jürg',
  surname: ' Müller: <the 1st> ',
  quota: '1024',
  home: '/var/backup/3724300/chroot/./home/3724300',
  dateAttribute: 'sstProvisioningExecutionDate',
};

describe('the LDIF of an account', () => {
  it('is four files that are named in their order', () => {
    expect(accountLdif(account).map(({ name }) => name)).toEqual([
      '01_add_3724300.ldif',
      '02_modify_3724300.ldif',
      '03_delete_3724300.ldif',
      '04_remove_3724300.ldif',
    ]);
  });

  it('reads back as the requests of an account’s life', () => {
    const dn = `uid=3724300,${account.base}`;
    const records = accountLdif(account).map(({ text }) => recordsOf(Buffer.from(text)));
    expect(
      records.map((list) => list.map((record) => record.kind === 'change' && [record.dn, record.change.kind])),
    ).toEqual([[[dn, 'add']], [[dn, 'modify']], [[dn, 'modify']], [[dn, 'delete']]]);
    const removal = records[2]?.[0];
    const changes = removal?.kind === 'change' && removal.change.kind === 'modify' ? removal.change.modifications : [];
    expect(changes.map(({ operation, name, values }) => `${operation} ${name} ${values.join()}`)).toEqual([
      'replace sstIsActive FALSE',
      'replace sstProvisioningMode delete',
      'replace sstProvisioningState 0',
      'replace sstProvisioningExecutionDate 0',
    ]);
  });

  it('carries names that LDIF cannot hold as they are', () => {
    const [add] = accountLdif(account);
    expect(add?.text).toMatch(/^[ -~\n]+$/);
    const [record] = recordsOf(Buffer.from(add?.text ?? ''));
    const values = new Map(
      record?.kind === 'change' && record.change.kind === 'add'
        ? record.change.attributes.map(({ name, values: [value] }) => [name, String(value)])
        : [],
    );
    expect(values.get('sn')).toBe(' Müller: <the 1st> ');
    expect(values.get('cn')).toBe('Jürg  Müller: <the 1st> ');
    expect(values.get('sstProvisioningMode')).toBe('add');
  });

  it('numbers a user by its uid where that can be a number, and always the same otherwise', () => {
    expect(userNumber('3724300')).toBe('3724300');
    for (const uid of ['anna', '0', '7', '999', '0123456', '9999999999', '1e9']) {
      expect(Number(userNumber(uid))).toBeGreaterThanOrEqual(1_000_000_000);
      expect(Number(userNumber(uid))).toBeLessThan(2 ** 31);
      expect(userNumber(uid)).toBe(userNumber(uid));
    }
  });

  it('escapes what has a meaning in a DN', () => {
    expect(escapeDnValue('a,b+c"d\\e<f>g;h=i')).toBe('a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i');
    expect([' a ', '#a', ' ', '\0'].map(escapeDnValue)).toEqual(['\\ a\\ ', '\\#a', '\\ ', '\\00']);
  });
});

describe('writing the files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ldif-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('puts them into the folder and names them', async () => {
    const files = accountLdif(account);
    expect(await writeLdifFiles(folder, files, { force: false })).toEqual(files.map(({ name }) => join(folder, name)));
    expect(readFileSync(join(folder, '01_add_3724300.ldif'), 'utf8')).toBe(files[0]?.text);
  });

  it('overwrites nothing unless forced, and then writes none of them', async () => {
    const files = accountLdif(account);
    writeFileSync(join(folder, '03_delete_3724300.ldif'), 'mine');
    await expect(writeLdifFiles(folder, files, { force: false })).rejects.toThrow(/03_delete_3724300.*--force/);
    expect(readdirSync(folder)).toEqual(['03_delete_3724300.ldif']);
    await writeLdifFiles(folder, files, { force: true });
    expect(readdirSync(folder)).toHaveLength(4);
  });

  it('says that the folder is missing, or none, and what to do', async () => {
    const missing = join(folder, 'missing');
    await expect(writeLdifFiles(missing, [], { force: false })).rejects.toThrow(`mkdir -p ${missing}`);
    writeFileSync(join(folder, 'file'), '');
    await expect(writeLdifFiles(join(folder, 'file'), [], { force: true })).rejects.toThrow('is not a folder');
  });
});
