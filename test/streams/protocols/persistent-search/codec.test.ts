import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerReader } from '../../../../src/ldap/wire/ber.ts';
import {
  ALL_CHANGE_TYPES,
  decodeEntryChangeNotification,
  decodePersistentSearch,
  encodeEntryChangeNotification,
  encodePersistentSearch,
} from '../../../../streams/protocols/persistent-search/codec.ts';

const changeType = fc.constantFrom('add' as const, 'delete' as const, 'modify' as const, 'modDN' as const);

describe('the codec of persistent search', () => {
  it('asks for the content and all changes with notifications, in the bytes that servers take', () => {
    const request = { changeTypes: ALL_CHANGE_TYPES, changesOnly: false, returnECs: true };
    const encoded = encodePersistentSearch(request);
    expect(encoded.toString('hex')).toBe('300902010f0101000101ff');
    expect(decodePersistentSearch(new BerReader(encoded))).toEqual(request);
  });

  it('gives back the notification that it encoded', () => {
    const previousDN = fc.option(fc.string()).map((given) => (given === null ? {} : { previousDN: given }));
    const changeNumber = fc.option(fc.nat()).map((given) => (given === null ? {} : { changeNumber: given }));
    fc.assert(
      fc.property(changeType, previousDN, changeNumber, (type, dn, number) => {
        const notification = { changeType: type, ...dn, ...number };
        expect(decodeEntryChangeNotification(new BerReader(encodeEntryChangeNotification(notification)))).toEqual({
          ...notification,
          ...('previousDN' in dn ? { previousDN: Buffer.from(dn.previousDN).toString() } : {}),
        });
      }),
    );
  });

  it('refuses an unknown change type', () => {
    expect(() => decodeEntryChangeNotification(new BerReader(Buffer.from('30030a0103', 'hex')))).toThrow(
      'change type 3',
    );
  });
});
