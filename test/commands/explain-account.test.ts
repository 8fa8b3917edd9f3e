import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainAccount } from '../../src/commands/explain-account.ts';
import type { AccountRecord } from '../../src/domain/account.ts';
import { decide } from '../../src/domain/decide.ts';

const names = {
  mode: 'sstProvisioningMode',
  state: 'sstProvisioningState',
  date: ['sstProvisioningDate'],
  active: 'sstIsActive',
  returnValue: 'sstProvisioningReturnValue',
  executionTime: null,
};
const today = '20260301';
const now = Date.parse('2026-03-01T02:00:00Z');
const WORDS = ['add', 'modify', 'delete', 'adding', 'modifying', 'deleting', 'added', 'deleted', 'snapshot', 'ADD'];

const anyRecord: fc.Arbitrary<AccountRecord> = fc.record({
  dn: fc.constant('uid=1'),
  entryUUID: fc.constant(undefined),
  uid: fc.constant('1'),
  mode: fc.constantFrom(...WORDS),
  state: fc.constantFrom('0', ' 0', '20260101T000000Z'),
  date: fc.constantFrom(
    undefined,
    ...['0', '20260228', '20260301', '20260302'].map((value) => ({ name: 'sstProvisioningDate', value })),
  ),
  active: fc.constantFrom(undefined, true, false),
  returnValue: fc.constantFrom(undefined, '0', '6', '75', '200'),
  modifiedAt: fc.constantFrom(undefined, now - 1000, now - 1e9),
});

describe('an explanation', () => {
  for (const instances of ['one', 'several'] as const) {
    const deciding = (record: AccountRecord) =>
      decide(record, {
        today,
        othersTimeLeft: 0,
        behindTimeLeft: 0,
        names,
      });
    const explain = (record: AccountRecord) =>
      explainAccount(record, { names, decide: deciding, today, timeZone: 'Europe/Zurich' });

    it(`is the service's own decision, with every rule and a next step (instances: ${instances})`, () => {
      fc.assert(
        fc.property(anyRecord, (record) => {
          const explained = explain(record);
          expect(explained.decision).toEqual(deciding(record));
          expect(explained.rules.map(({ rule }) => rule)).toEqual([
            'uid',
            'mode',
            'state',
            'date',
            'active',
            'failure',
            'claim',
          ]);
          for (const { sentence } of explained.rules) expect(sentence).not.toMatch(/undefined|null|NaN/);
          expect(`${explained.verdict} ${explained.next}`).not.toMatch(/undefined|null|NaN/);
        }),
      );
    });

    it(`marks a rule that, were it otherwise, would change the decision (instances: ${instances})`, () => {
      fc.assert(
        fc.property(anyRecord, (record) => {
          const { decision, rules } = explain(record);
          const marked = rules.filter(({ decides }) => decides).map(({ rule }) => rule);
          if (decision.kind === 'defer') expect(marked).toContain('date');
          if (decision.kind === 'failed') expect(marked).toContain('failure');
          if (decision.kind === 'claim') expect(marked).toEqual([]);
          if (decision.kind === 'wait' && decision.recheckInMilliseconds === undefined)
            expect(marked).toContain('active');
        }),
      );
    });
  }
});
