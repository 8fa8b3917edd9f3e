import type { AccountRecord, AttributeNames } from './account.ts';
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
 * that was read, as somebody else's claim would have cleared it.
 */
export function claim(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  withReturnValue: boolean,
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
    ...(date === undefined ? [] : swap(date.name, date.value, date.value)),
    ...cleared,
  ];
}

/**
 * in work -> requested: undoes a claim, or asks again for a failed account. A return value stays, until the claim clears it: it
 * tells that nobody is at work any more.
 */
export function askAgain(record: AccountRecord, mode: Mode, names: AttributeNames): Modification[] {
  return [
    ...swap(names.mode, record.mode, WORDS[mode].requested),
    ...swap(names.state, record.state, record.state),
    ...(names.returnValue === null || record.returnValue === undefined
      ? []
      : swap(names.returnValue, record.returnValue, record.returnValue)),
  ];
}

/** The date of an account that was taken over: a day on which nothing was done, and that is past by every clock. */
const TAKEN_OVER = '20000101';

/**
 * in work (of another service) -> in work (of this one). Mode and state stay as they are, so they cannot tell two services
 * apart that take over at once; the date, which means nothing for an account in work, goes to a day long past or back to 0,
 * and only one of them can do that. Without a date it is the presence of a return value of 0.
 */
export function takeOver(record: AccountRecord, names: AttributeNames): Modification[] {
  if (names.returnValue === null) throw new Error('several instances need an attribute for the return value');
  const { date, returnValue } = record;
  const token = date === undefined ? [] : swap(date.name, date.value, takenOver(record).date?.value);
  return [
    ...swap(names.mode, record.mode, record.mode),
    ...swap(names.state, record.state, record.state),
    ...token,
    ...(returnValue === undefined ? [] : swap(names.returnValue, returnValue, undefined)),
    ...(date === undefined && returnValue === undefined
      ? [{ operation: 'add', attribute: names.returnValue, values: ['0'] } as const]
      : []),
  ];
}

/** How an account stands after `takeOver`. */
export function takenOver(record: AccountRecord): AccountRecord {
  const { date, returnValue } = record;
  if (date === undefined) return { ...record, returnValue: returnValue === undefined ? '0' : undefined };
  return { ...record, date: { ...date, value: date.value.trim() === '0' ? TAKEN_OVER : '0' }, returnValue: undefined };
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
}

/** The return value matters more than the execution times: it is what keeps a failed account from being resumed. */
export type OptionalAttributes = 'all' | 'returnValue' | 'none';

/** in work -> finished, with the time of finishing; the date goes to 0. */
export function success(
  record: AccountRecord,
  mode: Mode,
  names: AttributeNames,
  state: string,
  writeBack: WriteBack & { readonly withDate: boolean },
): Modification[] {
  const dated = writeBack.withDate && record.date !== undefined && record.date.value.trim() !== '0';
  return [
    ...swap(names.mode, record.mode, WORDS[mode].finished),
    ...swap(names.state, record.state, state),
    ...(dated && record.date !== undefined ? swap(record.date.name, record.date.value, '0') : []),
    ...optionalAttributes(names, 0, writeBack),
  ];
}

/** in work -> failed: mode and state stay, the return value says why. */
export function failure(
  record: AccountRecord,
  names: AttributeNames,
  returnValue: number,
  writeBack: WriteBack,
): Modification[] {
  return [
    ...swap(names.mode, record.mode, record.mode),
    ...swap(names.state, record.state, record.state),
    ...optionalAttributes(names, returnValue, writeBack),
  ];
}

function optionalAttributes(
  names: AttributeNames,
  returnValue: number,
  { timings, optional: which }: WriteBack,
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
