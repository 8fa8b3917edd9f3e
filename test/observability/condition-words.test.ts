import { describe, expect, it } from 'vitest';
import { failureWords } from '../../src/observability/condition-words.ts';

const account = { uid: 'a', dn: 'uid=a,dc=example', mode: 'adding' };
const reason = 'CANNOT_SET_QUOTA: no room';

describe('the words for a failed account', () => {
  it('are the code, the last words of the script or the reason, and who asked', () => {
    const failure = { ...account, returnValue: 6, step: 'script', reason };
    expect(failureWords(failure)).toBe('6 CANNOT_SET_QUOTA in script: no room');
    expect(failureWords({ ...failure, cause: 'no server', modifiedBy: 'cn=admin' })).toBe(
      '6 "no server" in script; requested by cn=admin',
    );
  });
});
