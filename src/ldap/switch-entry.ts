import { defined } from '../domain/defined.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { SwitchPlace, SwitchReading } from '../domain/switch.ts';
import type { DirectoryOperations } from './operations.ts';

/** Reads the switch. Rejects with a DirectoryError only if the directory does not answer. */
export async function readSwitch(
  operations: Pick<DirectoryOperations, 'search'>,
  { dn, attribute }: SwitchPlace,
): Promise<SwitchReading> {
  let entry: DirectoryEntry | undefined;
  const attributes = [attribute, 'modifiersName'];
  try {
    await operations.search({ base: dn, scope: 'base', filter: '(objectClass=*)', attributes }, {}, (each) => {
      entry = each;
    });
  } catch (error) {
    if (!(error instanceof DirectoryError) || error.resultCode === undefined) throw error;
    const isMissing = error.resultCode === ResultCode.noSuchObject;
    return { is: 'unreadable', reason: isMissing ? 'there is no such entry, or it may not be read' : error.message };
  }
  const text = (name: string) => entry?.values(name).map((value) => value.toString('utf8')) ?? [];
  const [value, ...others] = text(attribute);
  if (value === undefined) return { is: 'unreadable', reason: `it has no ${attribute}, or that may not be read` };
  const [writtenBy] = text('modifiersName');
  const by = defined({ writtenBy });
  if (others.length === 0 && /^true$/i.test(value)) return { is: 'on', ...by };
  if (others.length === 0 && /^false$/i.test(value)) return { is: 'off', ...by };
  return { is: 'unreadable', reason: `its ${attribute} is neither TRUE nor FALSE` };
}
