import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { element, enumerated, octetString, sequence } from '../../../src/ldap/wire/ber.ts';
import { readLdapResult } from '../../../src/ldap/wire/ldap-result.ts';
import { encodeMessage, findControl, Operation, readMessage } from '../../../src/ldap/wire/message.ts';

const done = (...more: Buffer[]) =>
  element(Operation.searchResultDone, enumerated(10), octetString('dc=x'), octetString('look there\n'), ...more);

describe('a message', () => {
  it('finds the control that is asked for, with or without criticality and value', () => {
    const message = readMessage(
      encodeMessage(7, done(), [
        { type: '1.2.3', criticality: true, value: Buffer.from([4, 1, 255]) },
        { type: '1.2.4', criticality: false },
      ]),
    );
    expect(message).toMatchObject({ id: 7, operation: Operation.searchResultDone });
    expect(findControl(message, '1.2.3')?.octets().toString('hex')).toBe('ff');
    expect(findControl(message, '1.2.4')?.done).toBe(true);
    expect(findControl(message, '1.2')).toBeUndefined();
  });

  it('may end in an empty controls element, as 389 sends it', () => {
    const plain = encodeMessage(1, done());
    const withEmpty = sequence(plain.subarray(2), Buffer.from('a000', 'hex'));
    expect(findControl(readMessage(withEmpty), '1.2')).toBeUndefined();
    expect(readLdapResult(readMessage(withEmpty)).resultCode).toBe(10);
  });

  it('is refused where another message lies inside it, as when its length was damaged', () => {
    const inner = encodeMessage(2, done());
    expect(() => readMessage(sequence(encodeMessage(1, done()).subarray(2), inner))).toThrow(DirectoryError);
    expect(() =>
      readMessage(sequence(encodeMessage(1, done()).subarray(2), Buffer.from('a000', 'hex'), inner)),
    ).toThrow(DirectoryError);
  });

  it.each([
    ['no operation', '3003020101'],
    ['bytes behind it', '300502010165000000'],
    ['no message id', '3002 6500'],
  ])('is refused with %s', (_title, digits) => {
    expect(() => readMessage(Buffer.from(digits.replace(' ', ''), 'hex'))).toThrow(DirectoryError);
  });
});

describe('a result', () => {
  it('carries the server’s words trimmed, and where it refers to', () => {
    const referral = element(0xa3, octetString('ldap://a/'), octetString('ldap://b/'));
    expect(readLdapResult(readMessage(encodeMessage(1, done(referral))))).toEqual({
      resultCode: 10,
      matchedDN: 'dc=x',
      diagnosticMessage: 'look there',
      referrals: ['ldap://a/', 'ldap://b/'],
      responseName: undefined,
    });
  });
});
