import type { AccountRecord, AttributeNames } from './account.ts';
import type { Fence } from './fence.ts';
import type { StepTiming } from './job.ts';
import { type Mode, WORDS } from './mode.ts';

/** One element of a modify request (RFC 4511, section 4.6). */
export interface Modification {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values: readonly string[];
}

/**
 * The transitions as modification lists, each for ONE modify operation. Old values are deleted by name before new ones
 * are added, so that the server refuses the whole operation (noSuchAttribute, 16) when somebody wrote in the meantime:
 * the compare-and-swap that works on every server. A value that must not have changed is deleted and added again.
 */

/**
 * requested -> in work. A return value left by an earlier attempt is cleared, unless the schema knows none; and only the one
 * that was read, as somebody else's claim would have cleared it. The date is kept, or holds the token of the fence.
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
    if (returnValue !== undefined) cleared.push(...swap(names.returnValue, returnValue, undefined));
    cleared.push({ operation: 'replace', attribute: names.returnValue, values: [] });
  }
  return [
    ...swap(names.mode, record.mode, WORDS[mode].inWork),
    ...swap(names.state, record.state, record.state),
    ...(date === undefined ? [] : swap(date.name, date.value, claimedDay(date.value, fence))),
    ...cleared,
  ];
}

/** How an account stands after `claim`. */
export function claimed(record: AccountRecord, mode: Mode, fence: Fence): AccountRecord {
  return { ...renewed(record, fence), mode: WORDS[mode].inWork, returnValue: undefined };
}

/**
 * in work -> requested: undoes a claim, or asks again for a failed account. A return value stays, until the claim clears it: it
 * tells that nobody is at work any more. A token is replaced by the day that stood before.
 */
export function askAgain(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  fence: Fence = { by: 'nothing' },
): Modification[] {
  return [
    ...swap(names.mode, record.mode, WORDS[mode].requested),
    ...swap(names.state, record.state, record.state),
    ...(names.returnValue === null || record.returnValue === undefined
      ? []
      : swap(names.returnValue, record.returnValue, record.returnValue)),
    ...putBack(record, fence),
  ];
}

/**
 * in work -> in work: takes up an attempt that was interrupted, this service's own or another's. Mode and state stay as they are;
 * what is new is the version, or the token. Of two services that do so at once only one succeeds. `exclusive`: where there is
 * neither, the presence of a return value of 0 has to tell them apart.
 */
export function resume(
  record: AccountRecord,
  names: AttributeNames,
  fence: Fence,
  { exclusive }: { readonly exclusive: boolean },
): Modification[] {
  const { date, returnValue } = record;
  const toggles = exclusive && fence.by === 'nothing';
  if (toggles && names.returnValue === null) {
    throw new Error('several instances need an attribute for the return value');
  }
  return [
    ...swap(names.mode, record.mode, record.mode),
    ...swap(names.state, record.state, record.state),
    ...(date === undefined ? [] : swap(date.name, date.value, claimedDay(date.value, fence))),
    ...(names.returnValue === null || returnValue === undefined ? [] : swap(names.returnValue, returnValue, undefined)),
    ...(toggles && names.returnValue !== null && returnValue === undefined
      ? [{ operation: 'add', attribute: names.returnValue, values: ['0'] } as const]
      : []),
  ];
}

/** How an account stands after `resume`. */
export function resumed(
  record: AccountRecord,
  fence: Fence,
  { exclusive }: { readonly exclusive: boolean },
): AccountRecord {
  const toggled = exclusive && fence.by === 'nothing' && record.returnValue === undefined;
  return { ...renewed(record, fence), returnValue: toggled ? '0' : undefined };
}

function renewed(record: AccountRecord, fence: Fence): AccountRecord {
  const { date } = record;
  return date === undefined ? record : { ...record, date: { ...date, value: claimedDay(date.value, fence) } };
}

function claimedDay(day: string, fence: Fence): string {
  return fence.by === 'token' ? fence.token : day;
}

/** Takes the token away again; the directory refuses that where it stands no more. */
function putBack({ date }: AccountRecord, fence: Fence): Modification[] {
  return fence.by === 'token' && date !== undefined ? swap(date.name, fence.token, fence.restored) : [];
}

/** A request that was written while this service worked, and that it leaves to others: nobody is at work any more. */
export function handOver(record: AccountRecord, names: AttributeNames): Modification[] {
  if (names.returnValue === null) return [];
  return [
    ...swap(names.mode, record.mode, record.mode),
    ...swap(names.state, record.state, record.state),
    { operation: 'add', attribute: names.returnValue, values: ['0'] },
  ];
}

export interface WriteBack {
  readonly timings: readonly StepTiming[];
  /** Which of the optional attributes go along: those that the directory refused are left out. */
  readonly optional: OptionalAttributes;
  readonly fence: Fence;
}

/** The return value matters more than the execution times: it is what keeps a failed account from being resumed. */
export type OptionalAttributes = 'all' | 'returnValue' | 'none';

/** in work -> finished, with the time of finishing; the date goes to 0, unless somebody else has changed it (`withDate`). */
export function success(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  state: string,
  writeBack: WriteBack & { readonly withDate: boolean },
): Modification[] {
  return [
    ...swap(names.mode, record.mode, WORDS[mode].finished),
    ...swap(names.state, record.state, state),
    ...resetDate(record, writeBack),
    ...optionalAttributes(names, 0, writeBack),
  ];
}

function resetDate(
  { date }: AccountRecord,
  { fence, withDate }: { readonly fence: Fence; readonly withDate: boolean },
): Modification[] {
  if (date === undefined) return [];
  if (fence.by === 'token') return swap(date.name, fence.token, '0');
  return withDate && date.value !== '0' ? swap(date.name, date.value, '0') : [];
}

/** in work -> failed: mode and state stay, the return value says why, and the date is as it was before the claim. */
export function failure(
  record: AccountRecord,
  names: AttributeNames,
  returnValue: number,
  writeBack: WriteBack,
): Modification[] {
  return [
    ...swap(names.mode, record.mode, record.mode),
    ...swap(names.state, record.state, record.state),
    ...putBack(record, writeBack.fence),
    ...optionalAttributes(names, returnValue, writeBack),
  ];
}

/** How an account stands after `failure`; `noted`: the return value was written, too. */
export function failedAs(record: AccountRecord, returnValue: number, fence: Fence, noted: boolean): AccountRecord {
  const { date } = record;
  const day = fence.by === 'token' && date !== undefined ? { date: { ...date, value: fence.restored } } : {};
  return { ...record, ...day, ...(noted ? { returnValue: String(returnValue) } : {}) };
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

function swap(attribute: string, from: string, to: string | undefined): Modification[] {
  const remove: Modification = { operation: 'delete', attribute, values: [from] };
  return to === undefined ? [remove] : [remove, { operation: 'add', attribute, values: [to] }];
}
