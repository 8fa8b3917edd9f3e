import { BASE, SUFFIX } from '../support/accounts.ts';

type Command = 'ldapsearch' | 'ldapmodify' | 'ldapdelete' | 'ldapmodrdn' | 'ldapcompare' | 'ldapwhoami';

interface Expected {
  /** The LDAP result code, which is the exit code of ldap-utils. */
  readonly code: number;
  readonly says?: RegExp;
  readonly saysNot?: RegExp;
}

/** One command of ldap-utils against a directory, and the expected result. */
export interface RequestCase extends Expected {
  readonly title: string;
  readonly command: Command;
  readonly args: readonly string[];
  readonly input?: string;
}

const account = (uid: string) => `uid=${uid},${BASE}`;

const run = (title: string, command: Command, args: readonly string[], expected: Expected): RequestCase => ({
  title,
  command,
  args,
  ...expected,
});

const search = (title: string, args: readonly string[], expected: Expected): RequestCase =>
  run(title, 'ldapsearch', ['-LLL', '-o', 'ldif-wrap=no', ...args], expected);

/** A case of ldapmodify with this LDIF. */
const write = (title: string, lines: string, expected: Expected, args: readonly string[] = []): RequestCase => ({
  ...run(title, 'ldapmodify', args, expected),
  input: `${lines.trim().replace(/^ +/gm, '')}\n`,
});

/** A case of ldapmodify that changes one account. */
const change = (title: string, uid: string, lines: string, expected: Expected, args: readonly string[] = []) =>
  write(title, `dn: ${account(uid)}\nchangetype: modify\n${lines.trim()}`, expected, args);

const newAccount = (title: string, uid: string, lines: string, expected: Expected) =>
  write(
    title,
    `dn: ${account(uid)}
    changetype: add
    objectClass: account
    objectClass: posixAccount
    objectClass: sstProvisioning
    objectClass: sstBackup
    uid: ${uid}
    cn: Account ${uid}
    uidNumber: 5000000
    gidNumber: 5000000
    homeDirectory: /var/backup/${uid}
    sstProvisioningState: 0
    sstIsActive: TRUE
    ${lines.trim()}`,
    expected,
  );

const REQUEST = 'sstProvisioningMode: add\nsstProvisioningDate: 0';
const CLAIM =
  'delete: sstProvisioningMode\nsstProvisioningMode: ADD\n-\nadd: sstProvisioningMode\nsstProvisioningMode: adding';
const matched = new RegExp(`matched DN: ${BASE}`, 'i');

const WRITES: readonly RequestCase[] = [
  newAccount('adds an account', 'a1', REQUEST, { code: 0 }),
  newAccount('adds another', 'a2', 'sstProvisioningMode: Added\nsstProvisioningDate: 20301231', { code: 0 }),
  newAccount('refuses an entry that exists', 'a1', REQUEST, { code: 68 }),
  newAccount('refuses an entry that lacks what its class requires', 'a3', 'sstProvisioningMode: add', { code: 65 }),
  write(
    'knows an entry by its name whatever the case and the blanks',
    `dn: UID=A1 , ${BASE.toUpperCase()}\nchangetype: modify\nreplace: cn\ncn: Someone`,
    { code: 0 },
  ),
  write(
    'refuses an entry whose parent does not exist',
    `dn: uid=a3,ou=nowhere,${BASE}\nchangetype: add\nobjectClass: account\nuid: a3`,
    { code: 32, says: matched },
  ),
  write('refuses an entry without object class', `dn: ${account('a3')}\nchangetype: add\nuid: a3`, { code: 65 }),
  write(
    'adds the value that names an entry where it is missing',
    `dn: ${account('a3')}\nchangetype: add\nobjectClass: account\nuid: a4`,
    { code: 0 },
  ),
  write('refuses a name that is no DN', 'dn: nonsense\nchangetype: delete', { code: 34 }),
  change('refuses a misspelt attribute', 'a1', 'add: sstProvisioningMod\nsstProvisioningMod: x', { code: 17 }),
  change('refuses a date that is no number', 'a1', 'replace: sstProvisioningDate\nsstProvisioningDate: 00', {
    code: 21,
  }),
  change('refuses a flag that is no boolean', 'a1', 'replace: sstIsActive\nsstIsActive: yes', { code: 21 }),
  change('refuses an empty mode', 'a1', 'replace: sstProvisioningMode\nsstProvisioningMode:', { code: 21 }),
  write('refuses a name that it has nothing to do with', 'dn: dc=example,dc=com\nchangetype: delete', { code: 53 }),
  write('refuses to write the root DSE', 'dn:\nchangetype: modify\nreplace: cn\ncn: x', { code: 53 }),
  change('refuses text that is not UTF-8', 'a1', 'replace: cn\ncn:: /w==', { code: 21 }),
  change('refuses text that is empty', 'a1', 'replace: description\ndescription:', { code: 21 }),
  change('refuses a second mode', 'a1', 'add: sstProvisioningMode\nsstProvisioningMode: modify', { code: 19 }),
  change('refuses a value that is there', 'a1', 'add: sstProvisioningMode\nsstProvisioningMode: ADD', { code: 20 }),
  change('refuses to lose what the class requires', 'a1', 'delete: sstProvisioningMode', { code: 65 }),
  change('refuses to delete a value that is not there', 'a1', 'delete: cn\ncn: x', { code: 16 }),
  change('refuses to delete an attribute that is not there', 'a1', 'delete: sstProvisioningReturnValue', { code: 16 }),
  change('replaces by nothing what is not there', 'a1', 'replace: sstProvisioningReturnValue', { code: 0 }),
  change(
    'refuses to write what the directory maintains',
    'a1',
    'replace: createTimestamp\ncreateTimestamp: 20200101000000Z',
    { code: 19 },
  ),
  change(
    'refuses a change in whole when its last part is refused',
    'a1',
    'replace: cn\ncn: Half\n-\ndelete: description',
    { code: 16 },
  ),
  search('has nothing of a change that was refused', ['-s', 'base', '-b', account('a1'), 'cn'], {
    code: 0,
    says: /^cn: Someone$/m,
  }),
  change('swaps a value for another, whatever the case of the old one', 'a1', CLAIM, { code: 0 }),
  change('refuses the same swap the second time', 'a1', CLAIM, { code: 16 }),
  change(
    'keeps a value that is deleted and added again',
    'a1',
    'delete: sstProvisioningState\nsstProvisioningState: 0\n-\nadd: sstProvisioningState\nsstProvisioningState: 0',
    { code: 0 },
  ),
  change('counts up a number', 'a1', 'increment: uidNumber\nuidNumber: 2', { code: 0 }),
  search('says the number counted up', ['-b', BASE, '(uid=a1)', 'uidNumber'], {
    code: 0,
    says: /^uidNumber: 5000002$/m,
  }),
  change('refuses to change what does not exist', 'nobody', 'replace: cn\ncn: x', { code: 32, says: matched }),
  change('refuses to delete the value that names the entry', 'a1', 'replace: uid\nuid: other', { code: 64 }),
];

const CONTROLS: readonly RequestCase[] = [
  change(
    'returns the entry as it is after the change',
    'a1',
    'replace: sstProvisioningMode\nsstProvisioningMode: added',
    { code: 0, says: /sstProvisioningMode: added/ },
    ['-e', 'postread=sstProvisioningMode'],
  ),
  change(
    'returns the entry as it was before the change',
    'a1',
    'replace: sstProvisioningMode\nsstProvisioningMode: modify',
    { code: 0, says: /sstProvisioningMode: added/ },
    ['-e', 'preread=sstProvisioningMode'],
  ),
  change('changes nothing when an assertion does not hold', 'a1', 'replace: cn\ncn: x', { code: 122 }, [
    '-e',
    '!assert=(sstProvisioningMode=add)',
  ]),
  change('refuses a critical control that it does not know', 'a1', 'replace: cn\ncn: x', { code: 12 }, [
    '-e',
    '!1.2.3.4',
  ]),
  change('passes over an uncritical control that it does not know', 'a1', 'replace: cn\ncn: y', { code: 0 }, [
    '-e',
    '1.2.3.4',
  ]),
  run('says that a compared value is so', 'ldapcompare', [account('a1'), 'sstProvisioningMode:MODIFY'], { code: 6 }),
  run('says that a compared value is not so', 'ldapcompare', [account('a1'), 'sstProvisioningMode:add'], { code: 5 }),
  run('cannot compare what is not there', 'ldapcompare', [account('a1'), 'description:x'], { code: 16 }),
  run('says who is bound', 'ldapwhoami', [], { code: 0, says: /^dn:cn=admin/ }),
];

const a1 = /^uid: a1$/m;
const a2 = /^uid: a2$/m;
const none = { code: 0, saysNot: /^uid:/m };
const SEARCHES: readonly RequestCase[] = [
  search('finds by equality, whatever the case', ['-b', BASE, '(SSTPROVISIONINGMODE=ADDED)', 'uid'], {
    code: 0,
    says: a2,
    saysNot: a1,
  }),
  search('finds by presence', ['-b', BASE, '(sstProvisioningDate=*)', 'uid'], { code: 0, says: a1 }),
  search('finds by parts', ['-b', BASE, '(cn=acc*ount*2)', 'uid'], { code: 0, says: a2, saysNot: a1 }),
  search('finds by order', ['-b', BASE, '(modifyTimestamp>=20200101000000Z)', 'uid'], { code: 0, says: a1 }),
  search('finds nothing by an order that does not hold', ['-b', BASE, '(modifyTimestamp<=20200101000000Z)'], none),
  search('finds by and, or, not', ['-b', BASE, '(&(objectClass=account)(|(uid=a1)(uid=a2))(!(uid=a1)))', 'uid'], {
    code: 0,
    says: a2,
    saysNot: a1,
  }),
  search('finds by a matching rule', ['-b', BASE, '(cn:caseExactMatch:=Account a2)', 'uid'], { code: 0, says: a2 }),
  search('finds nothing by a rule that does not hold', ['-b', BASE, '(cn:caseExactMatch:=account a2)'], none),
  search('finds by the parts of the name', ['-b', BASE, '(&(ou:dn:=backup)(uid=a1))', 'uid'], { code: 0, says: a1 }),
  search('finds an empty value nowhere', ['-b', BASE, '(uid=)'], none),
  search('finds by an unknown rule nothing, nor by its negation', ['-b', BASE, '(!(uid:9.9.9:=x))'], none),
  search('sees one level', ['-b', BASE, '-s', 'one', 'ou', 'uid'], { code: 0, says: a1, saysNot: /^ou: accounts$/m }),
  search('sees the base only', ['-b', BASE, '-s', 'base', 'ou', 'uid'], {
    code: 0,
    says: /^ou: accounts$/m,
    saysNot: a1,
  }),
  search('sees everything below the base', ['-b', BASE, '-s', 'children', 'ou', 'uid'], {
    code: 0,
    says: a1,
    saysNot: /^ou: accounts$/m,
  }),
  search('sees the whole tree', ['-b', SUFFIX, '1.1'], {
    code: 0,
    says: new RegExp(`^dn: ${SUFFIX}$[\\s\\S]*^dn: uid=a1,`, 'm'),
    saysNot: /^uid:/m,
  }),
  search('returns attributes by name, as they were first written', ['-b', account('a1'), 'SSTISACTIVE', 'UID'], {
    code: 0,
    says: /sstIsActive: TRUE/,
    saysNot: /^cn:/m,
  }),
  search('returns operational attributes when asked', ['-b', account('a1'), '+'], {
    code: 0,
    says: /^entryUUID: [0-9a-f-]{36}$/m,
    saysNot: a1,
  }),
  search('returns no operational attributes unasked', ['-b', account('a1')], {
    code: 0,
    says: a1,
    saysNot: /^(?:entryUUID|createTimestamp):/m,
  }),
  search('returns both when asked for both', ['-b', account('a1'), '*', 'entryCSN'], {
    code: 0,
    says: /^uid: a1$[\s\S]*^entryCSN: /m,
  }),
  search('returns names without values', ['-A', '-b', account('a1'), 'uid'], { code: 0, says: /^uid:\s*$/m }),
  search('ends at the size limit', ['-z', '1', '-b', BASE, '(cn=*)', 'uid'], { code: 4, says: /^uid: /m }),
  search('goes through pages', ['-E', 'pr=1/noprompt', '-b', BASE, '(uid=a*)', 'uid'], {
    code: 0,
    says: /^uid: a1$[\s\S]*^uid: a2$/m,
  }),
  search('finds no base that does not exist', ['-b', `ou=nowhere,${BASE}`], { code: 32, says: matched }),
  search('refuses a base that is no DN', ['-b', 'nonsense'], { code: 34 }),
  search('says what it offers', ['-s', 'base', '-b', '', '+'], {
    code: 0,
    says: new RegExp(`^namingContexts: ${SUFFIX}$[\\s\\S]*^supportedLDAPVersion: 3$`, 'm'),
  }),
];

const MOVES: readonly RequestCase[] = [
  run('renames and keeps the old value', 'ldapmodrdn', [account('a1'), 'uid=b1'], { code: 0 }),
  search('has both values after it', ['-b', account('b1'), 'uid'], { code: 0, says: /^uid: a1$[\s\S]*^uid: b1$/m }),
  run('renames and drops the old value', 'ldapmodrdn', ['-r', account('b1'), 'uid=c1'], { code: 0 }),
  search('has lost the old value', ['-b', account('c1'), 'uid'], {
    code: 0,
    says: /^uid: c1$/m,
    saysNot: /^uid: b1$/m,
  }),
  run('refuses to rename to what exists', 'ldapmodrdn', ['-r', account('c1'), 'uid=a2'], { code: 68 }),
  run('refuses to rename what does not exist', 'ldapmodrdn', ['-r', account('nobody'), 'uid=x'], { code: 32 }),
  run('refuses a new name that is none', 'ldapmodrdn', ['-r', account('c1'), 'nonsense'], { code: 34 }),
  run('refuses to move where nothing is', 'ldapmodrdn', ['-s', `ou=no,${BASE}`, account('c1'), 'uid=c1'], { code: 32 }),
  write('adds a unit', `dn: ou=old,${BASE}\nchangetype: add\nobjectClass: organizationalUnit\nou: old`, { code: 0 }),
  run('moves an entry into it', 'ldapmodrdn', ['-s', `ou=old,${BASE}`, account('c1'), 'uid=c1'], { code: 0 }),
  run('refuses to delete what has entries below it', 'ldapdelete', [`ou=old,${BASE}`], { code: 66 }),
  run('deletes everything below when asked', 'ldapdelete', ['-r', `ou=old,${BASE}`], { code: 0 }),
  run('refuses to delete what does not exist', 'ldapdelete', [`ou=old,${BASE}`], { code: 32 }),
  run('deletes', 'ldapdelete', [account('a2')], { code: 0 }),
];

/**
 * Requests that every directory server answers alike. The administrator makes them in this order.
 */
export const REQUESTS: readonly RequestCase[] = [...WRITES, ...CONTROLS, ...SEARCHES, ...MOVES];
