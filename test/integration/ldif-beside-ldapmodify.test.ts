import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadLdif } from '../../src/commands/ldif-load.ts';
import { exitCodeOf } from '../../src/commands/run-action.ts';
import { BASE, ldifRecord, SUFFIX } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { ROOT_DN, ROOT_PASSWORD } from '../support/slapd-config.ts';

/**
 * LDIF for a folder of the directory that has the entries cn=a and cn=b and the folder ou=in. BOX
 * stands for its DN, and B64<...> for base64.
 */
interface Row {
  readonly what: string;
  readonly ldif: string | readonly string[];
  /** Applied with `-c` and `--continue`. */
  readonly continueOnError?: true;
}

const modifyA = (...lines: string[]): string[] => ['dn: cn=a,BOX', 'changetype: modify', ...lines];
const addC = (...lines: string[]): string[] => ['dn: cn=c,BOX', 'objectClass: person', 'cn: c', 'sn: c', ...lines];
const described = (line: string): string[] => modifyA('replace: description', line, '-');
const renameA = (...lines: string[]): string[] => ['dn: cn=a,BOX', 'changetype: modrdn', ...lines];

/** Both tools leave the same directory, and report the same success or failure. */
const SAME: readonly Row[] = [
  { what: 'a content record', ldif: addC() },
  { what: 'a TAB after the colon', ldif: described('description:\t0') },
  { what: 'blanks of all kinds after the colon', ldif: described('description: \t \v\f0') },
  { what: 'no blank after the colon', ldif: described('description:0') },
  { what: 'blanks at the end of a value', ldif: described('description: 0 \t ') },
  { what: 'a TAB after the two colons of base64', ldif: described('description::\tB64< x>') },
  { what: 'base64 without its padding', ldif: described('description:: MA') },
  { what: 'a blank inside base64', ldif: described('description:: M A==') },
  { what: 'no value', ldif: described('description:') },
  { what: 'UTF-8 as it is', ldif: described('description: Zoë') },
  { what: 'a blank before the colon of a value to be added', ldif: addC('description : x', 'telephoneNumber\t: 1') },
  { what: 'an attribute in two places, and in two cases', ldif: addC('description: x', 'SN: d', 'Description: y') },
  { what: 'an attribute with an option', ldif: addC('description;lang-de: x', 'description: y') },
  { what: 'an attribute by its object identifier', ldif: addC('2.5.4.13: x') },
  { what: 'a line without a colon', ldif: addC('description') },
  { what: 'an attribute that does not exist', ldif: addC('nonsense: x') },
  { what: 'a record without attributes', ldif: ['dn: cn=c,BOX'] },
  { what: 'a dn inside a record', ldif: addC('dn: cn=d,BOX', 'objectClass: person') },
  { what: 'a dn in base64', ldif: ['dn:: B64<cn=a,BOX>', 'changetype: delete'] },
  { what: 'a blank at the end of padded base64', ldif: described('description:: B64<x> ') },
  { what: 'a changetype in capitals', ldif: ['dn: cn=a,BOX', 'changetype: DELETE'] },
  { what: 'changetype: add', ldif: ['dn: cn=c,BOX', 'changetype: add', ...addC().slice(1)] },
  { what: 'a TAB before a changetype', ldif: ['dn: cn=a,BOX', 'changetype:\tdelete'] },
  { what: 'a changetype that does not exist', ldif: ['dn: cn=a,BOX', 'changetype: change'] },
  { what: 'a line after a delete', ldif: ['dn: cn=a,BOX', 'changetype: delete', 'cn: a'] },
  { what: 'a delete of what is not there', ldif: ['dn: cn=z,BOX', 'changetype: delete'] },
  { what: 'a delete of what has entries below it', ldif: ['dn: BOX', 'changetype: delete'] },
  {
    what: 'an entry that is there',
    ldif: addC().map((line) => line.replace('cn=c', 'cn=a').replace('cn: c', 'cn: a')),
  },
  {
    what: 'several steps of a modify, the last without its end',
    ldif: modifyA(
      'add: description',
      'description: x',
      'description: y',
      '-',
      'delete: sn',
      'sn: a',
      '-',
      'add: sn',
      'sn: z',
    ),
  },
  { what: 'a step that takes a whole attribute away', ldif: modifyA('delete: telephoneNumber', '-') },
  { what: 'a replace without values', ldif: modifyA('replace: telephoneNumber', '-') },
  { what: 'a step in capitals', ldif: modifyA('REPLACE: description', 'DESCRIPTION: x', '-') },
  { what: 'a value of another attribute', ldif: modifyA('add: description', 'sn: x', '-') },
  { what: 'a step that does not exist', ldif: modifyA('change: description', 'description: x', '-') },
  { what: 'an increment', ldif: modifyA('increment: uidNumber', 'uidNumber: 2', '-') },
  { what: 'an increment by less than nothing', ldif: modifyA('increment: uidNumber', 'uidNumber: -7', '-') },
  { what: 'an end of a step with a blank behind it', ldif: modifyA('delete: telephoneNumber', '- ') },
  { what: 'an end of a step in a content record', ldif: addC('-') },
  { what: 'a modify without changetype', ldif: ['dn: cn=a,BOX', 'replace: description', 'description: x', '-'] },
  { what: 'a rename', ldif: renameA('newrdn: cn=n', 'deleteoldrdn: 1') },
  { what: 'deleteoldrdn: 0 with a blank behind it', ldif: renameA('newrdn: cn=n', 'deleteoldrdn: 0 ') },
  { what: 'deleteoldrdn: 1 with a TAB before and behind it', ldif: renameA('newrdn: cn=n', 'deleteoldrdn:\t1\t') },
  { what: 'a rename without deleteoldrdn', ldif: renameA('newrdn: cn=n') },
  {
    what: 'a rename that is called moddn',
    ldif: ['dn: cn=a,BOX', 'changetype: moddn', 'newrdn: cn=n', 'deleteoldrdn: 1'],
  },
  {
    what: 'a rename that is called rename',
    ldif: ['dn: cn=a,BOX', 'changetype: rename', 'newrdn: cn=n', 'deleteoldrdn: 0'],
  },
  { what: 'a move', ldif: renameA('newrdn: cn=n', 'deleteoldrdn: 1', 'newsuperior: ou=in,BOX') },
  { what: 'a version', ldif: ['version: 1', ...addC()] },
  { what: 'a version of its own', ldif: ['version: 1', '', ...addC()] },
  {
    what: 'a second version',
    ldif: ['version: 1', '', ...addC(), '', 'version: 1', '', ...described('description: x')],
  },
  {
    what: 'a second version right before a record',
    ldif: [...addC(), '', 'version: 1', ...described('description: x')],
  },
  {
    what: 'the tail of what ldapsearch writes',
    ldif: [
      '# extended LDIF',
      '#',
      '',
      ...addC(),
      '',
      '# search result',
      'search: 2',
      'result: 0 Success',
      '',
      '# numResponses: 2',
    ],
  },
  {
    what: 'what ldapsearch writes of a page and of a reference, and then another record',
    ldif: [
      ...[
        '# search reference',
        'ref: ldap://other.example/',
        '',
        '# search result',
        'search: 2',
        'result: 4 Size limit',
      ],
      ...[
        'control: 1.2.840.113556.1.4.319 false MAUCAQAEAA==',
        'pagedresults: cookie=',
        '',
        '# numEntries: 1',
        '',
        ...addC(),
      ],
    ],
  },
  {
    what: 'CRLF',
    ldif: `${addC('description: x').join('\r\n')}\r\n\r\n${described('description: y').join('\r\n')}\r\n`,
  },
  { what: 'no line end at the end', ldif: addC('description: x').join('\n') },
  { what: 'several empty lines', ldif: ['', '', ...addC(), '', '', '', ...described('description: x'), '', ''] },
  {
    what: 'comments everywhere',
    ldif: ['# a', ' folded', 'dn: cn=c,BOX', '# b', ...addC().slice(1), '# c', '', '# d', ''],
  },
  {
    what: 'comments in a modify',
    ldif: modifyA('# a', 'replace: description', '# b', 'description: x', '# c', '-', '# d'),
  },
  { what: 'folds in a value and in base64', ldif: addC('description: a', '  b', 'telephoneNumber:: M', ' Q==') },
  { what: 'a fold that begins with a TAB as its second sign', ldif: addC('description: a', ' \tb') },
  {
    what: 'a record that is refused between two others',
    ldif: [...addC(), '', 'dn: cn=z,BOX', 'changetype: delete', '', ...described('description: x')],
  },
  {
    what: 'a record that cannot be read between two others',
    ldif: [...addC(), '', 'dn: cn=a,BOX', 'changetype: what', '', ...described('description: x')],
  },
  {
    what: 'a record without an empty line before it, behind another one',
    ldif: [...described('description: x'), '', ...addC(), 'dn: cn=b,BOX', 'changetype: delete'],
  },
  {
    what: 'a record that is refused between two others, passed over',
    ldif: [...addC(), '', 'dn: cn=z,BOX', 'changetype: delete', '', ...described('description: x')],
    continueOnError: true,
  },
  {
    what: 'a record that cannot be read between two others, passed over',
    ldif: [...addC(), '', 'dn: cn=a,BOX', 'changetype: what', '', ...described('description: x')],
    continueOnError: true,
  },
];

interface Difference extends Row {
  /** The tool that does what the row requests, and reports it. */
  readonly done: 'here' | 'there';
  /** The other tool reports success, too. */
  readonly silently?: true;
  readonly why: string;
}

/** The tools differ for the reason of the row. */
const DIFFERENT: readonly Difference[] = [
  ...[
    { what: 'blanks at the end of base64 without padding', ldif: described('description:: B64<x y> \t') },
    { what: 'a changetype with a blank at its end', ldif: ['dn: cn=a,BOX', 'changetype: delete '] },
    { what: 'a step with a blank at its end', ldif: modifyA('delete: telephoneNumber ', 'telephoneNumber: 1', '-') },
    { what: 'a fold in a name', ldif: addC('descri', ' ption: a') },
    { what: 'a blank before the colon of a changetype', ldif: ['dn: cn=a,BOX', 'changetype : delete'] },
    { what: 'a blank before the colon of a step', ldif: modifyA('delete : telephoneNumber', '-') },
    {
      what: 'a blank before the colon of a value of a step',
      ldif: modifyA('add: description', 'description : x', '-'),
    },
    { what: 'a blank before the colon of a newrdn', ldif: renameA('newrdn : cn=n', 'deleteoldrdn: 1') },
  ].map((row) => ({ ...row, done: 'here' as const, why: 'blanks and folds do not matter anywhere' })),
  {
    what: 'a blank before the colon of a dn',
    ldif: ['dn : cn=a,BOX', 'changetype: delete'],
    ...{ done: 'here', silently: true, why: 'ldapmodify passes over the record without a word' },
  },
  {
    what: 'a record without a dn',
    ldif: ['objectClass: person', 'cn: c', '', ...addC()],
    ...{ done: 'there', why: 'it is passed over by ldapmodify, and may be a misspelt dn' },
  },
  {
    what: 'a version that does not exist',
    ldif: ['version: 2', ...addC()],
    ...{ done: 'there', why: 'nobody knows what it will mean' },
  },
  {
    what: 'a value by URL',
    ldif: addC('description:< file:///etc/hostname'),
    ...{ done: 'there', why: 'it would pull in other files of the host' },
  },
  {
    what: 'a file to be included',
    ldif: ['include: file:///dev/null', '', ...addC()],
    ...{ done: 'there', why: 'it would pull in other files of the host' },
  },
  {
    what: 'a control',
    ldif: ['dn: cn=a,BOX', 'control: 2.16.840.1.113730.3.4.2 true', 'changetype: delete'],
    ...{ done: 'there', why: 'controls are not supported' },
  },
  {
    what: 'a TAB before a name',
    ldif: addC('description: a', '\ttelephoneNumber: 1'),
    ...{ done: 'there', why: 'it may be meant as a fold' },
  },
  {
    what: 'a blank before the first line',
    ldif: [' dn: cn=a,BOX', 'changetype: delete'],
    ...{ done: 'there', why: 'it continues nothing' },
  },
  {
    what: 'a CR inside a value',
    ldif: addC('description: a\rb'),
    ...{ done: 'there', why: 'ldapmodify leaves it out of the value' },
  },
  {
    what: 'a deleteoldrdn that is neither 0 nor 1',
    ldif: renameA('newrdn: cn=n', 'deleteoldrdn: no'),
    ...{ done: 'there', why: 'ldapmodify takes everything but 0 for 1' },
  },
  {
    what: 'a line after a move',
    ldif: renameA('newrdn: cn=n', 'deleteoldrdn: 1', 'newsuperior: ou=in,BOX', 'cn: x'),
    ...{ done: 'there', why: 'ldapmodify passes over the line' },
  },
  ...['add', 'increment'].map((step) => ({
    what: `a step that is to ${step} nothing`,
    ldif: modifyA(`${step}: uidNumber`, '-', 'delete: telephoneNumber', '-'),
    ...{ done: 'there' as const, why: 'ldapmodify passes over the step' },
  })),
];

describe('ldif load compared with ldapmodify -a, on a slapd', () => {
  let slapd: Slapd;
  let folder: string;
  let boxes = 0;

  beforeAll(async () => {
    slapd = await startSlapd();
    folder = mkdtempSync(join(tmpdir(), 'ldif-beside-'));
    const directory = `{ url: "${slapd.url}", base: "${BASE}", bindDn: "${ROOT_DN}", bindPassword: "${ROOT_PASSWORD}" }`;
    writeFileSync(join(folder, 'config.yaml'), `directory: ${directory}\nscript: { command: [/bin/true] }\n`, {
      mode: 0o600,
    });
  });
  afterAll(async () => {
    await slapd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /**
   * Applies a row to a new folder with one of the tools. Resolves to its success, and the entries
   * then.
   */
  async function outcome(tool: 'ldapmodify' | 'ldif load', { ldif, continueOnError }: Row) {
    boxes += 1;
    const box = `ou=box${boxes},${SUFFIX}`;
    const unit = (dn: string) => ldifRecord(dn, { objectClass: 'organizationalUnit' });
    const person = (cn: string) =>
      ldifRecord(`cn=${cn},${box}`, {
        objectClass: ['person', 'posixAccount'],
        ...{ uid: cn, sn: cn, telephoneNumber: '1', uidNumber: '5000', gidNumber: '5000', homeDirectory: `/${cn}` },
      });
    expect(await slapd.load([unit(box), unit(`ou=in,${box}`), person('a'), person('b')].join(''))).toMatchObject({
      code: 0,
    });
    const file = join(folder, 'load.ldif');
    const text = typeof ldif === 'string' ? ldif : `${ldif.join('\n')}\n`;
    const placed = text
      .replaceAll('BOX', box)
      .replaceAll(/B64<(.*?)>/g, (_, plain) => Buffer.from(plain).toString('base64'));
    writeFileSync(file, placed);
    const well = tool === 'ldapmodify' ? await modify(file, continueOnError) : await load(file, continueOnError);
    const found = await attempt('ldapsearch', [
      '-LLL',
      '-x',
      '-H',
      slapd.url,
      '-D',
      ROOT_DN,
      '-w',
      ROOT_PASSWORD,
      '-b',
      box,
      '-o',
      'ldif-wrap=no',
    ]);
    return { well, stands: found.stdout.replaceAll(box, 'BOX').replaceAll(`box${boxes}`, 'box') };
  }

  async function modify(file: string, continueOnError = false): Promise<boolean> {
    return (await slapd.load('', ['-f', file, ...(continueOnError ? ['-c'] : [])])).code === 0;
  }

  async function load(file: string, continueOnError = false): Promise<boolean> {
    const spies = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
    for (const spy of spies) spy.mockReturnValue(true);
    try {
      return (
        (await exitCodeOf(
          () => loadLdif(file, { config: join(folder, 'config.yaml'), continue: continueOnError }),
          1,
        )) === 0
      );
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }

  it.each(SAME)('do the same with $what', async (row) => {
    const there = await outcome('ldapmodify', row);
    const here = await outcome('ldif load', row);
    expect(here.stands).toBe(there.stands);
    expect(here.well).toBe(there.well);
  });

  it.each(DIFFERENT)('differ in $what, done $done: $why', async (row) => {
    const [there, here] = [await outcome('ldapmodify', row), await outcome('ldif load', row)];
    const [doer, other] = row.done === 'here' ? [here, there] : [there, here];
    const before = (await outcome('ldapmodify', { what: 'nothing', ldif: '' })).stands;
    expect(doer.stands).not.toBe(before);
    expect(other.stands).toBe(before);
    expect(other.well).toBe(row.silently ?? false);
  });

  it.each(DIFFERENT)('both apply what stands before $what', async (row) => {
    const before = ['dn: cn=d,BOX', 'objectClass: person', 'cn: d', 'sn: d', ''];
    const ldif = [...before, ...row.ldif];
    for (const tool of ['ldapmodify', 'ldif load'] as const) {
      expect((await outcome(tool, { ...row, ldif })).stands, tool).toContain('dn: cn=d,BOX');
    }
  });
});
