import type { AccountRecord, AccountRules, AttributeNames, EntryReading } from './account.ts';
import type { DirectoryEntry } from './entry.ts';
import { shown, singleValue } from './entry-value.ts';
import { isTokenDay } from './fence.ts';
import { readHomePath } from './home-path.ts';
import { readMode } from './mode.ts';
import { isCalendarDay, isStateTimestamp, readGeneralizedTime } from './timestamp.ts';
import { decideUid, faultOfUid, isUidNumber, uidInRdn } from './uid.ts';

/**
 * The attributes that must be asked for so that an account can be read. Where several services work on the accounts, also
 * when the entry was created.
 */
export function attributesToRead(names: AttributeNames, instances: 'one' | 'several' = 'one'): string[] {
  const optional = [names.returnValue].filter((name) => name !== null);
  const dates = acceptedDates(names);
  const created = instances === 'one' ? [] : ['createTimestamp'];
  const operational = ['entryUUID', 'modifyTimestamp', 'modifiersName', 'entryCSN', ...created];
  return [
    'uid',
    'uidNumber',
    'homeDirectory',
    names.mode,
    names.state,
    ...dates,
    names.active,
    ...optional,
    ...operational,
  ];
}

/** Two names of one attribute, or two attributes, depending on the directory's schema. */
const KNOWN_DATES = ['sstProvisioningDate', 'sstProvisioningExecutionDate'];

/**
 * Under which names a date counts. Where one of the two known names is configured, the other one counts, too: a server whose
 * schema has both for one attribute answers with the one that it prefers, and an account dated tomorrow must not run today.
 */
function acceptedDates({ date }: AttributeNames): readonly string[] {
  const configured = new Set(date.map((name) => name.toLowerCase()));
  const others = KNOWN_DATES.filter((name) => !configured.has(name.toLowerCase()));
  return others.length < KNOWN_DATES.length ? [...date, ...others] : date;
}

/**
 * Reads an entry as an account. Total: whatever an entry holds, the answer is an account, somebody else's business, or a
 * reason why it cannot be worked on. Nothing but the attributes of `attributesToRead` is looked at. Without `rules` neither user
 * nor home is judged: for what is worked on already.
 */
export function readAccount(entry: DirectoryEntry, names: AttributeNames, rules: AccountRules | null): EntryReading {
  const { dn, unreadable } = entry;
  if (unreadable !== undefined) return { kind: 'unworkable', dn, uid: safeUid(uidInRdn(dn)), reason: unreadable };
  const modes = texts(entry, names.mode);
  if (!modes.some((mode) => readMode(mode) !== undefined)) {
    return { kind: 'foreign', dn, reason: modes.length === 0 ? `no ${names.mode}` : "another program's mode" };
  }
  const uids = texts(entry, 'uid');
  const uid = decideUid(dn, uids);
  const unworkable = (reason: string): EntryReading => ({ kind: 'unworkable', dn, uid: safeUid(uid), reason });

  if (uids.length === 0) return unworkable('the entry has no uid');
  if (uid === undefined)
    return unworkable(`the entry has ${uids.length} uids and its RDN does not decide between them`);
  const fault = faultOfUid(uid) ?? (rules === null ? undefined : faultOfUser(entry, uid, rules));
  if (fault !== undefined) return unworkable(fault);
  if (modes.length > 1) return unworkable(`${names.mode} has ${modes.length} values`);

  const states = texts(entry, names.state);
  const state = states[0];
  if (state === undefined) return unworkable(`the entry has no ${names.state}`);
  if (states.length > 1) return unworkable(`${names.state} has ${states.length} values`);
  if (state.trim() !== '0' && !isStateTimestamp(state.trim())) {
    return unworkable(`${names.state} is neither 0 nor YYYYMMDDThhmmssZ`);
  }

  const dateNames = acceptedDates(names);
  const dates = dateNames.flatMap((name) => texts(entry, name).map((value) => ({ name, value })));
  for (const date of dates) {
    if (date.value.trim() !== '0' && !isCalendarDay(date.value.trim())) {
      return unworkable(`${date.name} is neither 0 nor a day, YYYYMMDD`);
    }
  }
  const severalOfOneName = dateNames.find((name) => entry.values(name).length > 1);
  if (severalOfOneName !== undefined) return unworkable(`${severalOfOneName} has several values`);

  const [csn] = texts(entry, 'entryCSN');
  const [modifiedBy] = texts(entry, 'modifiersName');
  const [uidNumber] = texts(entry, 'uidNumber');
  const createdAt = readGeneralizedTime(texts(entry, 'createTimestamp')[0] ?? '');
  const record: AccountRecord = {
    dn,
    entryUUID: texts(entry, 'entryUUID')[0]?.toLowerCase(),
    uid,
    mode: modes[0] ?? '',
    state,
    date: standingToken(modes[0], dates) ?? latest(dates),
    active: readBoolean(texts(entry, names.active)[0]),
    returnValue: names.returnValue === null ? undefined : texts(entry, names.returnValue)[0],
    modifiedAt: readGeneralizedTime(texts(entry, 'modifyTimestamp')[0] ?? ''),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(csn === undefined ? {} : { entryCSN: csn }),
    ...(modifiedBy === undefined ? {} : { modifiedBy }),
    ...(uidNumber === undefined ? {} : { uidNumber }),
  };
  return { kind: 'account', record };
}

type NamedDay = NonNullable<AccountRecord['date']>;

/** Why root must not work for this user, or in this home, by what the entry itself says. */
function faultOfUser(entry: DirectoryEntry, uid: string, rules: AccountRules): string | undefined {
  const system = `a system user's: below accounts.lowestUidNumber (${rules.lowestUidNumber})`;
  const number = singleValue(entry, 'uidNumber');
  if (number.kind === 'faulty') return number.reason;
  if (number.kind === 'text') {
    if (!isUidNumber(number.text)) return `uidNumber ${shown(number.text)} is not a user number`;
    if (Number(number.text) < rules.lowestUidNumber) return `uidNumber ${number.text} is ${system}`;
  }
  if (entry.values('homeDirectory').length === 0) return undefined;
  const home = readHomePath(entry, uid, rules.homeRoot);
  return home.kind === 'faulty' ? home.reason : undefined;
}

function texts(entry: DirectoryEntry, name: string): string[] {
  return entry.values(name).map((value) => value.toString('utf8'));
}

/** Where an account in work has both names, the one that holds the fencing token counts: its claim wrote that one. */
function standingToken(mode = '', dates: readonly NamedDay[]): NamedDay | undefined {
  return readMode(mode)?.phase === 'inWork' ? dates.find(({ value }) => isTokenDay(value)) : undefined;
}

/** Where an entry has both names with different days, the later one counts: an account dated tomorrow never runs today. */
function latest(dates: readonly NamedDay[]): NamedDay | undefined {
  return dates.reduce<NamedDay | undefined>(
    (best, date) => (best === undefined || date.value.trim() > best.value.trim() ? date : best),
    undefined,
  );
}

/** RFC 4517, section 3.3.3. */
function readBoolean(value: string | undefined): boolean | undefined {
  const word = value?.trim().toUpperCase();
  return word === 'TRUE' ? true : word === 'FALSE' ? false : undefined;
}

/** A uid that cannot be worked with is not repeated in events as it may hold anything. */
function safeUid(uid: string | undefined): string | undefined {
  return uid !== undefined && faultOfUid(uid) === undefined ? uid : undefined;
}
