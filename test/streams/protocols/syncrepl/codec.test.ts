import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerReader } from '../../../../src/ldap/wire/ber.ts';
import {
  decodeSyncDone,
  decodeSyncInfo,
  decodeSyncRequest,
  decodeSyncState,
  encodeSyncDone,
  encodeSyncInfo,
  encodeSyncRequest,
  encodeSyncState,
  formatUUID,
  type SyncInfo,
} from '../../../../streams/protocols/syncrepl/codec.ts';

const bytes = fc.uint8Array({ maxLength: 200 }).map((given) => Buffer.from(given));
const cookie = fc.option(bytes).map((given) => (given === null ? {} : { cookie: given }));
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((given) => Buffer.from(given));
const mode = fc.constantFrom('refreshOnly' as const, 'refreshAndPersist' as const);
const state = fc.constantFrom('present' as const, 'add' as const, 'modify' as const, 'delete' as const);
const refresh = fc.constantFrom('refreshDelete' as const, 'refreshPresent' as const);
const info: fc.Arbitrary<SyncInfo> = fc.oneof(
  bytes.map((given) => ({ kind: 'newCookie' as const, cookie: given })),
  fc.tuple(refresh, cookie, fc.boolean()).map(([kind, given, refreshDone]) => ({ kind, ...given, refreshDone })),
  fc
    .tuple(cookie, fc.boolean(), fc.array(uuid, { maxLength: 300 }))
    .map(([given, refreshDeletes, syncUUIDs]) => ({ kind: 'syncIdSet' as const, ...given, refreshDeletes, syncUUIDs })),
);

describe('the codec of RFC 4533', () => {
  it('gives back what it encoded: the request', () => {
    fc.assert(
      fc.property(mode, cookie, fc.boolean(), (wanted, given, reloadHint) => {
        const request = { mode: wanted, ...given, reloadHint };
        expect(decodeSyncRequest(new BerReader(encodeSyncRequest(request)))).toEqual(request);
      }),
    );
  });

  it('gives back what it encoded: the state of an entry', () => {
    fc.assert(
      fc.property(state, uuid, cookie, (name, entryUUID, given) => {
        const syncState = { state: name, entryUUID, ...given };
        expect(decodeSyncState(new BerReader(encodeSyncState(syncState)))).toEqual(syncState);
      }),
    );
  });

  it('gives back what it encoded: the end', () => {
    fc.assert(
      fc.property(cookie, fc.boolean(), (given, refreshDeletes) => {
        const done = { ...given, refreshDeletes };
        expect(decodeSyncDone(new BerReader(encodeSyncDone(done)))).toEqual(done);
      }),
    );
  });

  it('gives back what it encoded: all four choices of syncInfo', () => {
    fc.assert(
      fc.property(info, (given) => {
        expect(decodeSyncInfo(new BerReader(encodeSyncInfo(given)))).toEqual(given);
      }),
    );
  });

  it('asks for refreshAndPersist without a cookie in five bytes', () => {
    const request = encodeSyncRequest({ mode: 'refreshAndPersist', reloadHint: false });
    expect(request.toString('hex')).toBe('30030a0103');
  });

  it.each([
    ['an unknown state', () => decodeSyncState(new BerReader(Buffer.from('30150a01040410'.padEnd(46, '0'), 'hex')))],
    ['a short UUID', () => decodeSyncState(new BerReader(Buffer.from('30060a01010401aa', 'hex')))],
    ['an unknown choice', () => decodeSyncInfo(new BerReader(Buffer.from('a400', 'hex')))],
    ['an unknown mode', () => decodeSyncRequest(new BerReader(Buffer.from('30030a0102', 'hex')))],
    ['nothing', () => decodeSyncInfo(new BerReader(Buffer.alloc(0)))],
  ])('refuses %s', (_title, decode) => {
    expect(decode).toThrow('malformed');
  });

  it('writes a UUID in lower case with dashes', () => {
    expect(formatUUID(Buffer.from('015CE1167B5210419D8773227F209DD8', 'hex'))).toBe(
      '015ce116-7b52-1041-9d87-73227f209dd8',
    );
  });
});
