import type { AccountRecord, AttributeNames } from './account.ts';
import type { Fence } from './fence.ts';
import type { StepTiming } from './job.ts';
import { type Mode, WORDS } from './mode.ts';

/** One change of a modify request (RFC 4511, section 4.6). */
export interface Modification {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values: readonly string[];
}

/**
 * The transitions as lists of modifications, each for ONE modify request. Old values are deleted by
 * value before new ones are added. So the server refuses the whole request (noSuchAttribute, 16) if
 * the entry was changed in the meantime: a compare-and-swap that works on every server. A value
 * that must not have changed is deleted and added again.
 */

/**
 * requested -> in work. Clears the return value of an earlier attempt, unless the schema has none
 * (`withReturnValue`). It deletes the return value that was read: if another service has claimed
 * the account meanwhile, that value is gone, and this claim is refused. The date stays, or gets the
 * token of the fence.
 */
export function claim(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  withReturnValue: boolean,
  fence: Fence,
): Modification[] {
  const { date, returnValue } = record;
  const cleared: Modification[] = [];
  if (names.returnValue !== null && withReturnValue) {
    if (returnValue !== undefined) cleared.push(...replaceValue(names.returnValue, returnValue, undefined));
    cleared.push({ operation: 'replace', attribute: names.returnValue, values: [] });
  }
  return [
    ...replaceValue(names.mode, record.mode, WORDS[mode].inWork),
    ...replaceValue(names.state, record.state, record.state),
    ...(date === undefined ? [] : replaceValue(date.name, date.value, claimedDay(date.value, fence))),
    ...cleared,
  ];
}

/** The account after `claim`. */
export function claimed(record: AccountRecord, mode: Mode, fence: Fence): AccountRecord {
  return { ...withNewFence(record, fence), mode: WORDS[mode].inWork, returnValue: undefined };
}

/**
 * finished or failed -> requested, as an operator asks for it. The return value stays until the
 * claim clears it: it shows that no attempt is under way.
 */
export function request(record: AccountRecord, mode: Mode, names: AttributeNames): Modification[] {
  return [
    ...replaceValue(names.mode, record.mode, WORDS[mode].requested),
    ...replaceValue(names.state, record.state, '0'),
    ...(names.returnValue === null || record.returnValue === undefined
      ? []
      : replaceValue(names.returnValue, record.returnValue, record.returnValue)),
  ];
}

/** in work -> requested: undoes a claim. A token is replaced by the day before the claim. */
export function undoClaim(record: AccountRecord, mode: Mode, names: AttributeNames, fence: Fence): Modification[] {
  return [...request(record, mode, names), ...restoreDate(record, fence)];
}

/**
 * in work -> in work: resumes an interrupted attempt, of this service or another. Mode and state
 * stay; the version or the token is new.
 */
export function resume(record: AccountRecord, names: AttributeNames, fence: Fence): Modification[] {
  const { date, returnValue } = record;
  return [
    ...replaceValue(names.mode, record.mode, record.mode),
    ...replaceValue(names.state, record.state, record.state),
    ...(date === undefined ? [] : replaceValue(date.name, date.value, claimedDay(date.value, fence))),
    ...(names.returnValue === null || returnValue === undefined
      ? []
      : replaceValue(names.returnValue, returnValue, undefined)),
  ];
}

/** The account after `resume`. */
export function resumed(record: AccountRecord, fence: Fence): AccountRecord {
  return { ...withNewFence(record, fence), returnValue: undefined };
}

function withNewFence(record: AccountRecord, fence: Fence): AccountRecord {
  const { date } = record;
  return date === undefined ? record : { ...record, date: { ...date, value: claimedDay(date.value, fence) } };
}

function claimedDay(day: string, fence: Fence): string {
  return fence.by === 'token' ? fence.token : day;
}

/**
 * Replaces the token by the day before the claim. The directory refuses this if the token is gone.
 */
function restoreDate({ date }: AccountRecord, fence: Fence): Modification[] {
  return fence.by === 'token' && date !== undefined ? replaceValue(date.name, fence.token, fence.restored) : [];
}

export interface WriteBack {
  readonly timings: readonly StepTiming[];
  /** The optional attributes to write; those that the directory has refused are left out. */
  readonly optional: OptionalAttributes;
  readonly fence: Fence;
}

/**
 * The return value has precedence over the execution times: it prevents a failed account from being
 * resumed.
 */
export type OptionalAttributes = 'all' | 'returnValue' | 'none';

/**
 * in work -> finished, with the finishing time. The date becomes 0, unless it was changed meanwhile
 * (`withDate` is false).
 */
export function success(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  state: string,
  writeBack: WriteBack & { readonly withDate: boolean },
): Modification[] {
  return [
    ...replaceValue(names.mode, record.mode, WORDS[mode].finished),
    ...replaceValue(names.state, record.state, state),
    ...resetDate(record, writeBack),
    ...optionalAttributes(names, 0, writeBack),
  ];
}

function resetDate(
  { date }: AccountRecord,
  { fence, withDate }: { readonly fence: Fence; readonly withDate: boolean },
): Modification[] {
  if (date === undefined) return [];
  if (fence.by === 'token') return replaceValue(date.name, fence.token, '0');
  return withDate && date.value !== '0' ? replaceValue(date.name, date.value, '0') : [];
}

/**
 * in work -> failed: mode and state stay, the return value is set, and the date is that before the
 * claim.
 */
export function failure(
  record: AccountRecord,
  names: AttributeNames,
  returnValue: number,
  writeBack: WriteBack,
): Modification[] {
  return [
    ...replaceValue(names.mode, record.mode, record.mode),
    ...replaceValue(names.state, record.state, record.state),
    ...restoreDate(record, writeBack.fence),
    ...optionalAttributes(names, returnValue, writeBack),
  ];
}

/** The account after `failure`. `withReturnValue`: the return value was written, too. */
export function failedAs(
  record: AccountRecord,
  returnValue: number,
  fence: Fence,
  withReturnValue: boolean,
): AccountRecord {
  const { date } = record;
  const day = fence.by === 'token' && date !== undefined ? { date: { ...date, value: fence.restored } } : {};
  return { ...record, ...day, ...(withReturnValue ? { returnValue: String(returnValue) } : {}) };
}

function optionalAttributes(
  names: AttributeNames,
  returnValue: number,
  { timings, optional: which }: Pick<WriteBack, 'timings' | 'optional'>,
): Modification[] {
  if (which === 'none') return [];
  const modifications: Modification[] = [];
  if (names.returnValue !== null) {
    modifications.push({ operation: 'replace', attribute: names.returnValue, values: [String(returnValue)] });
  }
  if (names.executionTime !== null && which === 'all') {
    const values = timings.map(({ name, milliseconds }) => `${name}: ${(milliseconds / 1000).toFixed(3)}`);
    modifications.push({ operation: 'replace', attribute: names.executionTime, values });
  }
  return modifications;
}

function replaceValue(attribute: string, from: string, to: string | undefined): Modification[] {
  const remove: Modification = { operation: 'delete', attribute, values: [from] };
  return to === undefined ? [remove] : [remove, { operation: 'add', attribute, values: [to] }];
}
