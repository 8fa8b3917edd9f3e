import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLockRecord, encodeLockRecord, type LockRecord } from '../../src/lock/lock-record.ts';

const entry = fc.record({
  dn: fc.string(),
  ids: fc.dictionary(fc.constantFrom('entryUUID', 'nsUniqueId'), fc.string()),
});
const record: fc.Arbitrary<LockRecord> = fc.record({
  pid: fc.nat(),
  instances: fc.constantFrom('one', 'several'),
  base: fc.string(),
  paths: fc.array(fc.record({ server: fc.string(), entries: fc.array(entry) })),
});

describe('a lock record', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(record, (written) => {
        expect(decodeLockRecord(encodeLockRecord(written))).toEqual(written);
      }),
    );
  });

  it('is nothing where its file holds anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeLockRecord(text)).toBeUndefined();
      }),
    );
    const written = encodeLockRecord({ pid: 1, instances: 'one', base: 'dc=x', paths: [] });
    expect(decodeLockRecord(written.replace('"format":1', '"format":2'))).toBeUndefined();
    expect(decodeLockRecord(written.slice(0, -3))).toBeUndefined();
    expect(decodeLockRecord(written.replace('one', 'two'))).toBeUndefined();
  });
});
