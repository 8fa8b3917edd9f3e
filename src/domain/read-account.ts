import type { AccountRecord, AccountRules, AttributeNames, EntryReading } from './account.ts';
import type { DirectoryEntry } from './entry.ts';
import { comparedText, hintAtBlanks, shown, singleValue } from './entry-value.ts';
import { isTokenDay } from './fence.ts';
import { readHomePath } from './home-path.ts';
import { interned } from './interned.ts';
import { readMode } from './mode.ts';
import { isCalendarDay, isStateTimestamp, readGeneralizedTime } from './timestamp.ts';
import { decideUid, faultOfUid, isUidNumber, uidInRdn } from './uid.ts';

/** The attributes to request so that `readAccount` can read the entry. */
export function attributesToRead(names: AttributeNames): string[] {
  const optional = [names.returnValue].filter((name) => name !== null);
  const dates = acceptedDates(names);
  const operational = ['entryUUID', 'modifyTimestamp', 'modifiersName', 'entryCSN'];
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

/** Depending on the schema these are two names of one attribute, or two attributes. */
const KNOWN_DATES = ['sstProvisioningDate', 'sstProvisioningExecutionDate'];

/**
 * The names under which a date counts. If one of the two known names is configured, the other
 * counts, too: a server whose schema has both for one attribute responds with the one that it
 * prefers, and an account with tomorrow's date must not run today.
 */
function acceptedDates({ date }: AttributeNames): readonly string[] {
  const known = accepted.get(date);
  if (known !== undefined) return known;
  const names = withKnownDates(date);
  accepted.set(date, names);
  return names;
}

/** Computed once for each configuration, as each entry is read with them. */
const accepted = new WeakMap<readonly string[], readonly string[]>();

function withKnownDates(date: readonly string[]): readonly string[] {
  const configured = new Set(date.map((name) => name.toLowerCase()));
  const others = KNOWN_DATES.filter((name) => !configured.has(name.toLowerCase()));
  return others.length < KNOWN_DATES.length ? [...date, ...others] : date;
}

/**
 * Reads an entry as an account. It returns a reading for any entry: an account, an entry of another
 * program, or a reason why the account cannot be worked on. Only the attributes of
 * `attributesToRead` are used. Without `rules`, as for an account already in work, user and home
 * are not checked.
 */
export function readAccount(entry: DirectoryEntry, names: AttributeNames, rules: AccountRules | null): EntryReading {
  const { dn, unreadable } = entry;
  if (unreadable !== undefined) return { kind: 'unworkable', dn, uid: safeUid(uidInRdn(dn)), reason: unreadable };
  const modes = compared(entry, names.mode);
  if (!modes.some((mode) => isModeWord(mode.trim()))) {
    return {
      kind: 'foreign',
      dn,
      reason: modes.length === 0 ? `no ${names.mode}` : `the mode ${modes.join(', ')} is another program's`,
    };
  }
  const uid = decideUid(dn, entry.texts('uid'));
  const unworkable = (reason: string): EntryReading => ({ kind: 'unworkable', dn, uid: safeUid(uid), reason });
  if (uid === undefined) return unworkable(faultOfUids(entry));
  const fault = faultOfUid(uid) ?? (rules === null ? undefined : faultOfUser(entry, uid, rules));
  if (fault !== undefined) return unworkable(fault);
  const request = readRequest(entry, names, modes);
  return typeof request === 'string'
    ? unworkable(request)
    : { kind: 'account', record: recordOf(entry, uid, request, names) };
}

type NamedDay = NonNullable<AccountRecord['date']>;
type Request = Pick<AccountRecord, 'mode' | 'state' | 'date'>;

/** The requested mode, its state and date; or why they cannot be read. */
function readRequest(entry: DirectoryEntry, names: AttributeNames, modes: readonly string[]): Request | string {
  const [mode = ''] = modes;
  if (modes.length > 1) return `${names.mode} has ${modes.length} values`;
  if (!isModeWord(mode)) return `${names.mode} is not a word of the service${hintAtBlanks(mode, isModeWord)}`;
  const [state, ...others] = compared(entry, names.state);
  if (state === undefined) return `the entry has no ${names.state}`;
  if (others.length > 0) return `${names.state} has ${others.length + 1} values`;
  if (!isState(state)) return `${names.state} is neither 0 nor YYYYMMDDThhmmssZ${hintAtBlanks(state, isState)}`;
  const dates = readDates(entry, names);
  return typeof dates === 'string'
    ? dates
    : { mode: interned(mode), state, date: standingToken(mode, dates) ?? latest(dates) };
}

const knownDays = new Map<string, NamedDay>();
const MOST_KNOWN_DAYS = 1024;

/** Like `interned`: most accounts have one of a few days. */
function namedDay(name: string, value: string): NamedDay {
  const key = `${name} ${value}`;
  const known = knownDays.get(key);
  if (known !== undefined) return known;
  if (knownDays.size === MOST_KNOWN_DAYS) knownDays.clear();
  const day = { name, value };
  knownDays.set(key, day);
  return day;
}

function readDates(entry: DirectoryEntry, names: AttributeNames): readonly NamedDay[] | string {
  const dates: NamedDay[] = [];
  let several: string | undefined;
  for (const name of acceptedDates(names)) {
    const values = compared(entry, name);
    if (values.length > 1) several ??= name;
    for (const value of values) {
      if (!isDay(value)) return `${name} is neither 0 nor a day, YYYYMMDD${hintAtBlanks(value, isDay)}`;
      dates.push(namedDay(name, value));
    }
  }
  return several === undefined ? dates : `${several} has several values`;
}

function recordOf(entry: DirectoryEntry, uid: string, request: Request, names: AttributeNames): AccountRecord {
  const [csn] = entry.texts('entryCSN');
  const [modifiedBy] = entry.texts('modifiersName');
  const [uidNumber] = entry.texts('uidNumber');
  const { mode, state, date } = request;
  // Without spreads a record takes a third less memory.
  return {
    dn: entry.dn,
    entryUUID: entry.texts('entryUUID')[0]?.toLowerCase(),
    uid,
    mode,
    state,
    date,
    active: readBoolean(compared(entry, names.active)[0]),
    returnValue: names.returnValue === null ? undefined : compared(entry, names.returnValue)[0],
    modifiedAt: readGeneralizedTime(entry.texts('modifyTimestamp')[0] ?? ''),
    entryCSN: csn,
    modifiedBy: modifiedBy === undefined ? undefined : interned(modifiedBy),
    uidNumber,
  };
}

function faultOfUids(entry: DirectoryEntry): string {
  const { length } = entry.values('uid');
  return length === 0
    ? 'the entry has no uid'
    : `the entry has ${length} uids and its RDN does not decide between them`;
}

/** Why root must not work for this user or in this home, as far as the entry shows it. */
function faultOfUser(entry: DirectoryEntry, uid: string, rules: AccountRules): string | undefined {
  const system = `belongs to a system user: it is below accounts.lowestUidNumber (${rules.lowestUidNumber})`;
  const number = singleValue(entry, 'uidNumber');
  if (number.kind === 'faulty') return number.reason;
  if (number.kind === 'text') {
    if (!isUidNumber(number.text)) return `uidNumber ${shown(number.text)} is not a user number`;
    if (Number(number.text) < rules.lowestUidNumber) return `uidNumber ${number.text} ${system}`;
  }
  if (entry.values('homeDirectory').length === 0) return undefined;
  const home = readHomePath(entry, uid, rules);
  return home.kind === 'faulty' ? home.reason : undefined;
}

/** The values of an attribute as they are compared. */
function compared(entry: DirectoryEntry, name: string): string[] {
  return entry.texts(name).map(comparedText);
}

function isModeWord(mode: string): boolean {
  return readMode(mode) !== undefined;
}

function isState(state: string): boolean {
  return state === '0' || isStateTimestamp(state);
}

function isDay(day: string): boolean {
  return day === '0' || isCalendarDay(day);
}

/**
 * If an account in work has both names of the date, the one with the fencing token counts, as the
 * claim wrote it.
 */
function standingToken(mode: string, dates: readonly NamedDay[]): NamedDay | undefined {
  return readMode(mode)?.phase === 'inWork' ? dates.find(({ value }) => isTokenDay(value)) : undefined;
}

/**
 * If an entry has both names with different days, the later day counts: an account with tomorrow's
 * date never runs today.
 */
function latest(dates: readonly NamedDay[]): NamedDay | undefined {
  return dates.reduce<NamedDay | undefined>(
    (best, date) => (best === undefined || date.value > best.value ? date : best),
    undefined,
  );
}

/** A boolean (RFC 4517, section 3.3.3). */
function readBoolean(value: string | undefined): boolean | undefined {
  const word = value?.toUpperCase();
  return word === 'TRUE' ? true : word === 'FALSE' ? false : undefined;
}

/** A faulty uid is not repeated in events, as it may hold anything. */
function safeUid(uid: string | undefined): string | undefined {
  return uid !== undefined && faultOfUid(uid) === undefined ? uid : undefined;
}
