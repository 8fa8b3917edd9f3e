import { causeKey } from '../../domain/failure-cause.ts';
import type { FailureGroup } from '../../domain/status.ts';

/** The key of a cause, the same for a failure and for the group of those that failed alike. */
export function failureKey(
  { returnValue, step, cause }: Pick<FailureGroup, 'returnValue' | 'step' | 'cause'>,
  uid: string,
): string {
  return causeKey({ returnValue, step, words: cause }, uid);
}
