import { causeKey } from '../../domain/failure-cause.ts';
import type { FailureGroup } from '../../domain/status.ts';

/**
 * The key of a cause. It is the same for a failed account and for the group of accounts that failed
 * for that cause.
 */
export function failureKey(
  { returnValue, step, cause }: Pick<FailureGroup, 'returnValue' | 'step' | 'cause'>,
  uid: string,
): string {
  return causeKey({ returnValue, step, words: cause }, uid);
}
