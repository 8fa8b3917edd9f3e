import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../src/domain/entry.ts';
import { attributesToRead, readAccount } from '../../src/domain/read-account.ts';
import { NAMES, RULES } from '../support/accounts.ts';
import { FOREIGN_HOMES, HOSTILE_HOMES, HOSTILE_USERS } from '../support/hostile.ts';

const DN = 'uid=3724300,ou=accounts,dc=example,dc=org';
const OPEN = { uid: '3724300', sstProvisioningMode: 'add', sstProvisioningState: '0', sstProvisioningDate: '0' };

const read = (attributes: Record<string, string | Buffer | Array<string | Buffer>>, dn = DN) =>
  readAccount(entryOf(dn, attributes), NAMES, RULES);

describe('readAccount', () => {
  it('does not take an entry that could not be read for one without attributes', () => {
    const unread = (dn: string) => readAccount(entryOf(dn, {}, 'too large'), NAMES, RULES);
    expect(unread(DN)).toEqual({ kind: 'unworkable', dn: DN, uid: '3724300', reason: 'too large' });
    for (const dn of ['cn=a,dc=example', 'uid=a+uid=b,dc=example', 'uid=../etc,dc=example', '']) {
      expect(unread(dn)).toEqual({ kind: 'unworkable', dn, uid: undefined, reason: 'too large' });
    }
  });

  it('asks for the attributes that it reads, and for no return value at a site that does not use it', () => {
    const names = attributesToRead(NAMES);
    expect([...names].sort()).toEqual(
      [
        ...['entryCSN', 'entryUUID', 'homeDirectory', 'modifiersName', 'modifyTimestamp', 'sstIsActive'],
        ...['sstProvisioningDate', 'sstProvisioningExecutionDate', 'sstProvisioningMode', 'sstProvisioningReturnValue'],
        ...['sstProvisioningState', 'uid', 'uidNumber'],
      ].sort(),
    );
    const without = attributesToRead({ ...NAMES, returnValue: null });
    expect(without).toEqual(names.filter((name) => name !== NAMES.returnValue));
  });

  it('reads who wrote the entry last, and its version', () => {
    const entryCSN = '20261123101112.000001Z#000000#000#000000';
    expect(read({ ...OPEN, entryCSN, modifiersName: 'cn=admin,dc=example' })).toMatchObject({
      record: { entryCSN, modifiedBy: 'cn=admin,dc=example' },
    });
    const { record } = read(OPEN) as Extract<ReturnType<typeof read>, { kind: 'account' }>;
    expect(record).toMatchObject({ entryCSN: undefined, modifiedBy: undefined, modifiedAt: undefined });
  });

  it.each([
    ['TRUE', true],
    ['true', true],
    ['FALSE', false],
    ['yes', undefined],
  ])('reads sstIsActive %s as %s', (value, active) => {
    expect(read({ ...OPEN, sstIsActive: value })).toMatchObject({ kind: 'account', record: { active } });
  });

  it('reads no return value at a site that does not use it', () => {
    const entry = entryOf(DN, { ...OPEN, sstProvisioningReturnValue: '5' });
    expect(readAccount(entry, { ...NAMES, returnValue: null }, RULES)).toMatchObject({
      record: { returnValue: undefined },
    });
  });

  it('reads an account whatever the case of the attribute names', () => {
    expect(
      read({
        UID: '3724300',
        SSTPROVISIONINGMODE: 'add',
        sstprovisioningstate: '0',
        sstProvisioningExecutionDate: '20270101',
        sstisactive: 'FALSE',
        entryUUID: '5CE1167B-5210-419d-8773-227f209dd800',
        modifyTimestamp: '20261123101112Z',
      }),
    ).toEqual({
      kind: 'account',
      record: {
        dn: DN,
        uid: '3724300',
        entryUUID: '5ce1167b-5210-419d-8773-227f209dd800',
        mode: 'add',
        state: '0',
        date: { name: 'sstProvisioningExecutionDate', value: '20270101' },
        active: false,
        returnValue: undefined,
        modifiedAt: Date.UTC(2026, 10, 23, 10, 11, 12),
      },
    });
  });

  it('reads a date under either of the two known names, whichever of them is configured', () => {
    for (const [configured, present] of [
      ['sstProvisioningDate', 'sstProvisioningExecutionDate'],
      ['sstprovisioningexecutiondate', 'sstProvisioningDate'],
    ] as const) {
      const names = { ...NAMES, date: [configured] };
      const { sstProvisioningDate: _, ...undated } = OPEN;
      const reading = readAccount(entryOf(DN, { ...undated, [present]: '20270101' }), names, RULES);
      expect(reading).toMatchObject({ record: { date: { name: present, value: '20270101' } } });
      expect(attributesToRead(names)).toEqual(expect.arrayContaining([configured, present]));
    }
    expect(attributesToRead({ ...NAMES, date: ['ourDate'] }).filter((name) => /date/i.test(name))).toEqual(['ourDate']);
  });

  it('takes the fencing token where an account in work has both date attributes', () => {
    const dates = { sstProvisioningDate: '10000102', sstProvisioningExecutionDate: '20261101' };
    const token = { name: 'sstProvisioningDate', value: '10000102' };
    expect(read({ ...OPEN, ...dates, sstProvisioningMode: 'Adding' })).toMatchObject({ record: { date: token } });
    expect(read({ ...OPEN, ...dates })).toMatchObject({ record: { date: { value: '20261101' } } });
  });

  it('takes the later day where an entry has both date attributes', () => {
    const earlier = read({ ...OPEN, sstProvisioningDate: '20270101', sstProvisioningExecutionDate: '20260101' });
    expect(earlier).toMatchObject({ record: { date: { name: 'sstProvisioningDate', value: '20270101' } } });
    const reading = read({ ...OPEN, sstProvisioningExecutionDate: '20270101' });
    expect(reading).toMatchObject({ record: { date: { name: 'sstProvisioningExecutionDate', value: '20270101' } } });
  });

  it.each([
    ['initialized', "the mode initialized is another program's"],
    ['snapshotting', "the mode snapshotting is another program's"],
  ])('leaves the mode %s to its owner, even where the entry could not be worked on', (mode, reason) => {
    expect(read({ uid: '../..', sstProvisioningMode: mode })).toEqual({ kind: 'foreign', dn: DN, reason });
  });

  it('takes an entry without a mode, or with several modes of another program, for foreign', () => {
    expect(read({ uid: '3724300' })).toMatchObject({ kind: 'foreign', reason: 'no sstProvisioningMode' });
    expect(read({ sstProvisioningMode: ['initialized', 'snapshotting'] })).toMatchObject({
      kind: 'foreign',
      reason: "the mode initialized, snapshotting is another program's",
    });
  });

  it('lets the RDN decide between several uids', () => {
    expect(read({ ...OPEN, uid: ['other', '3724300'] })).toMatchObject({ kind: 'account', record: { uid: '3724300' } });
    const multi = 'cn=x+uid=37\\32\\34300,ou=accounts,dc=example,dc=org';
    expect(read({ ...OPEN, uid: ['other', '3724300'] }, multi)).toMatchObject({ record: { uid: '3724300' } });
    const byOid = '0.9.2342.19200300.100.1.1="3724300" , ou=accounts,dc=example,dc=org';
    expect(read({ ...OPEN, uid: ['other', '3724300'] }, byOid)).toMatchObject({ record: { uid: '3724300' } });
  });

  it.each<[string, Record<string, string | string[]>, string]>([
    ['no uid', { uid: [] }, 'the entry has no uid'],
    [
      'several uids under another RDN',
      { uid: ['a', 'b'] },
      'the entry has 2 uids and its RDN does not decide between them',
    ],
    ['a path as uid', { uid: '../../etc' }, 'the uid has characters outside A-Z a-z 0-9 . _ @ -'],
    ['a newline at the end of the uid', { uid: '3724300\n' }, 'the uid has characters outside A-Z a-z 0-9 . _ @ -'],
    ['an option as uid', { uid: '-rf' }, 'the uid begins with "-"'],
    ['a parent folder as uid', { uid: '..' }, 'the uid begins with "."'],
    ['a name of the tools’ own as uid', { uid: '.snapshots' }, 'the uid begins with "."'],
    ['an endless uid', { uid: 'a'.repeat(201) }, 'the uid is longer than 200 characters'],
    [
      'two modes, one of them of another program',
      { sstProvisioningMode: ['add', 'x'] },
      'sstProvisioningMode has 2 values',
    ],
    ['two modes', { sstProvisioningMode: ['add', 'delete'] }, 'sstProvisioningMode has 2 values'],
    ['no state', { sstProvisioningState: [] }, 'the entry has no sstProvisioningState'],
    ['two states', { sstProvisioningState: ['0', '1'] }, 'sstProvisioningState has 2 values'],
    ['a malformed state', { sstProvisioningState: '2026' }, 'sstProvisioningState is neither 0 nor YYYYMMDDThhmmssZ'],
    ['a day that is none', { sstProvisioningDate: '20260230' }, 'sstProvisioningDate is neither 0 nor a day, YYYYMMDD'],
    ['two days', { sstProvisioningDate: ['0', '20260101'] }, 'sstProvisioningDate has several values'],
  ])('cannot work on an entry with %s', (_, changes, reason) => {
    expect(read({ ...OPEN, ...changes }, 'cn=x,dc=example,dc=org')).toMatchObject({ kind: 'unworkable', reason });
  });

  it('takes no notice of spaces around a value, as directories do', () => {
    const changes = { sstProvisioningMode: ' Add ', sstProvisioningState: '0  ', sstProvisioningDate: ' 20260101' };
    expect(read({ ...OPEN, ...changes, sstProvisioningReturnValue: ' 5 ', sstIsActive: ' false ' })).toMatchObject({
      record: { mode: 'Add', state: '0', date: { value: '20260101' }, returnValue: '5', active: false },
    });
  });

  it.each(['\t', '\n', '\v', '\u00a0', '\u2003', '\ufeff'])(
    'does not work on a value with %j next to it, which not every directory finds by the value alone',
    (blank) => {
      for (const name of ['sstProvisioningMode', 'sstProvisioningState', 'sstProvisioningDate'] as const) {
        for (const value of [`${blank}${OPEN[name]}`, ` ${OPEN[name]}${blank}`]) {
          const reason = expect.stringMatching(
            new RegExp(`^${name} is .*: it begins or ends with a TAB or another blank`),
          );
          expect(read({ ...OPEN, [name]: value })).toMatchObject({ kind: 'unworkable', uid: '3724300', reason });
        }
      }
    },
  );

  it.each(HOSTILE_USERS)('cannot work on an entry with the uid %j and the uidNumber %j', (uid, uidNumber) => {
    expect(read({ ...OPEN, uid, uidNumber }, 'cn=x,dc=example,dc=org')).toMatchObject({ kind: 'unworkable' });
  });

  it('cannot work on an entry with two user numbers', () => {
    const reading = read({ ...OPEN, uidNumber: ['5000', '5001'] });
    expect(reading).toMatchObject({ kind: 'unworkable', reason: 'uidNumber has 2 values: leave one' });
  });

  it('takes the lowest user number for that of an account, and says what is no number', () => {
    expect(read({ ...OPEN, uidNumber: '1000' })).toMatchObject({ kind: 'account' });
    const reason = expect.stringMatching(/^uidNumber .* is not a user number$/);
    expect(read({ ...OPEN, uidNumber: 'many' })).toMatchObject({ kind: 'unworkable', reason });
  });

  it('works on an account with a home of its own', () => {
    expect(read({ ...OPEN, homeDirectory: '/srv/homes/3724300' })).toMatchObject({ kind: 'account' });
  });

  it('says which setting makes a user one of the system', () => {
    const reason = 'uidNumber 33 belongs to a system user: it is below accounts.lowestUidNumber (1000)';
    expect(read({ ...OPEN, uidNumber: '33' })).toMatchObject({ kind: 'unworkable', reason });
    const entry = entryOf(DN, { ...OPEN, uidNumber: '33' });
    expect(readAccount(entry, NAMES, { ...RULES, lowestUidNumber: 30 })).toMatchObject({ record: { uidNumber: '33' } });
  });

  it.each([...HOSTILE_HOMES, ...FOREIGN_HOMES])('cannot work on an entry with the home %j', (home) => {
    const entry = entryOf(DN, { ...OPEN, homeDirectory: home.replaceAll('ROOT', '/srv/homes') });
    expect(readAccount(entry, NAMES, { ...RULES, homeRoot: '/srv/homes' })).toMatchObject({ kind: 'unworkable' });
  });

  it('judges neither user nor home of what is worked on already', () => {
    const entry = entryOf(DN, { ...OPEN, uidNumber: '0', homeDirectory: '/etc' });
    expect(readAccount(entry, NAMES, null)).toMatchObject({ kind: 'account', record: { uid: '3724300' } });
    expect(readAccount(entryOf(DN, { ...OPEN, uid: '..' }), NAMES, null)).toMatchObject({ kind: 'unworkable' });
  });

  it('does not repeat a uid that cannot be worked with', () => {
    expect(read({ ...OPEN, uid: 'a\u001b[2J' })).toMatchObject({ kind: 'unworkable', uid: undefined });
  });

  it('answers any bytes in any attribute', () => {
    const value = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('0', 'add', 'uid', '3724300'),
    );
    const names = fc.constantFrom(
      'uid',
      'uidNumber',
      'homeDirectory',
      'sstProvisioningMode',
      'sstProvisioningState',
      'sstProvisioningDate',
      'sstIsActive',
    );
    fc.assert(
      fc.property(fc.string(), fc.dictionary(names, fc.array(value)), (dn, attributes) => {
        expect(['account', 'foreign', 'unworkable']).toContain(read(attributes, dn).kind);
      }),
    );
  });
});
