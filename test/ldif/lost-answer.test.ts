import { describe, expect, it } from 'vitest';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import { standingOf } from '../../src/ldif/lost-answer.ts';
import { recordsOf } from '../support/ldif-records.ts';

type Attributes = Parameters<typeof entryOf>[1];

/** The verdict on a record whose response was lost, given the entries of the directory. */
async function judged(ldif: readonly string[], standing: Readonly<Record<string, Attributes>>, added?: string) {
  const [record] = recordsOf(Buffer.from(ldif.join('\n')));
  if (record?.kind !== 'change') throw new Error('no such record');
  const entries = new Map<string, DirectoryEntry>(
    Object.entries(standing).map(([dn, attributes]) => [dn, entryOf(dn, attributes)]),
  );
  const found = await standingOf(record, async (dn) => entries.get(dn), added);
  return found.kind === 'unknown' ? found.reason : found.kind;
}

const DN = 'cn=a,dc=x';
const ADD = [`dn: ${DN}`, 'objectClass: person', 'cn: a', 'surname: b', 'member: cn=b, dc=x', 'userPassword: secret'];
const ADDED = { objectClass: ['person'], cn: 'a', sn: 'b', member: 'cn=b,dc=x', userPassword: '{SSHA}x' };
const modify = (...lines: string[]) => [`dn: ${DN}`, 'changetype: modify', ...lines];

describe('a record whose answer was lost', () => {
  it.each<[string, Attributes | undefined, string]>([
    ['does not stand there', undefined, 'open'],
    ['stands there as it is', ADDED, 'done'],
    ['stands there with what a server adds by itself', { ...ADDED, objectClass: ['top', 'person'] }, 'done'],
    ['stands there, its password not shown', { ...ADDED, userPassword: [] }, 'done'],
    [
      'stands there otherwise',
      { ...ADDED, sn: 'c', description: 'x' },
      'the entry that exists differs from the record in sn, description',
    ],
    ['stands there without a value', { ...ADDED, sn: [] }, 'the entry that exists differs from the record in sn'],
  ])('that adds an entry: it %s', async (_what, entry, standing) => {
    expect(await judged(ADD, entry === undefined ? {} : { [DN]: entry })).toBe(standing);
  });

  it('that adds an entry which somebody has changed since, where it shows who made it when', async () => {
    const made = (by: string, at: string) => ({ creatorsName: by, createTimestamp: at });
    const others = { 'cn=before,dc=x': made('cn=me,dc=x', '20260101120005Z') };
    const standing = (by: string, at: string, added?: string) =>
      judged(ADD, { ...others, [DN]: { ...ADDED, sn: 'c', ...made(by, at) } }, added);
    expect(await standing('CN=me, dc=x', '20260101120005Z', 'cn=before,dc=x')).toBe('done');
    expect(await standing('cn=me,dc=x', '20260101120004Z', 'cn=before,dc=x')).toContain('differs');
    expect(await standing('cn=you,dc=x', '20260101120006Z', 'cn=before,dc=x')).toContain('differs');
    expect(await standing('cn=me,dc=x', '20260101120006Z', 'cn=gone,dc=x')).toContain('differs');
    expect(await standing('cn=me,dc=x', '20260101120006Z')).toContain('differs');
    expect(await judged(ADD, { [DN]: { ...ADDED, ...made('cn=me,dc=x', '20260101120006Z') } })).toBe('done');
  });

  it('that adds an entry without the value of its RDN, which some servers add', async () => {
    expect(await judged([`dn: ${DN}`, 'sn: b'], { [DN]: { cn: 'a', sn: 'b' } })).toBe('done');
    expect(await judged([`dn: ${DN}`, 'sn: b'], { [DN]: { cn: ['a', 'z'], sn: 'b' } })).toContain('differs');
  });

  it('that deletes an entry', async () => {
    expect(await judged([`dn: ${DN}`, 'changetype: delete'], {})).toBe('done');
    expect(await judged([`dn: ${DN}`, 'changetype: delete'], { [DN]: ADDED })).toBe('open');
  });

  it('that renames or moves an entry', async () => {
    const rename = [`dn: ${DN}`, 'changetype: modrdn', 'newrdn: cn=n', 'deleteoldrdn: 1'];
    const move = [...rename, 'newsuperior: ou=o,dc=x'];
    expect(await judged(rename, { [DN]: ADDED })).toBe('open');
    expect(await judged(rename, { 'cn=n,dc=x': ADDED })).toBe('done');
    expect(await judged(rename, {})).toBe('open');
    expect(await judged(move, { 'cn=n,dc=x': ADDED })).toBe('open');
    expect(await judged(move, { 'cn=n,ou=o,dc=x': ADDED })).toBe('done');
  });

  it.each<[string, string[], Attributes, string]>([
    ['adds a value that is there', ['add: l', 'l: 1'], { l: ['1', '2'] }, 'done'],
    ['adds a value that is not there', ['add: l', 'l: 1', 'l: 2'], { l: ['1'] }, 'open'],
    ['takes away a value that is there', ['delete: l', 'l: 1'], { l: ['1', '2'] }, 'open'],
    ['takes away a value that is not there', ['delete: l', 'l: 1'], { l: ['2'] }, 'done'],
    ['takes away an attribute that is there', ['delete: l'], { l: ['1'] }, 'open'],
    ['takes away an attribute that is not there', ['delete: l'], {}, 'done'],
    ['replaces values by those that are there', ['replace: l', 'l: 2', 'l: 1'], { l: ['1', '2'] }, 'done'],
    ['replaces values by less than is there', ['replace: l', 'l: 1'], { l: ['1', '2'] }, 'open'],
    ['replaces a value by one in another case', ['replace: l', 'l: A'], { l: ['a'] }, 'open'],
    ['exchanges a value, as it is now', ['delete: l', 'l: 1', '-', 'add: l', 'l: 2'], { l: ['2'] }, 'done'],
    ['exchanges a value, as it was', ['delete: l', 'l: 1', '-', 'add: l', 'l: 2'], { l: ['1'] }, 'open'],
    ['exchanges a value for itself', ['delete: l', 'l: 1', '-', 'add: l', 'l: 1'], { l: ['1'] }, 'done'],
    ['empties and adds', ['delete: l', '-', 'add: localityName', 'localityName: 2'], { l: ['2'] }, 'done'],
    ['empties and adds, beside others', ['replace: l', '-', 'add: l', 'l: 2'], { l: ['1', '2'] }, 'open'],
    ['increments', ['increment: n', 'n: 1'], { n: ['2'] }, 'the entry does not show whether an increment was made'],
  ])('that modifies an entry: it %s', async (_what, steps, attributes, standing) => {
    expect(await judged(modify(...steps), { [DN]: attributes })).toBe(standing);
    expect(await judged(modify(...steps), {})).toBe('open');
  });
});
