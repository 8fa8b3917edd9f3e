import type { CheckLine } from '../domain/check-line.ts';
import { fewFiles } from '../host/shortage.ts';

/** What this process lacks of the host; nothing where it lacks nothing. */
export function checkHost(): readonly CheckLine[] {
  const few = fewFiles();
  return few === undefined ? [] : [{ verdict: 'fail', what: 'open files', found: few.message, remedy: few.remedy }];
}
