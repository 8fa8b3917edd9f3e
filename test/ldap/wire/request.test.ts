import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/ldap/wire/message.ts';
import { encodeBind, encodeExtended, encodeSearch, encodeUnbind, START_TLS } from '../../../src/ldap/wire/request.ts';

describe('requests', () => {
  it('encodes a simple bind', () => {
    expect(encodeMessage(1, encodeBind('cn=a', 'pä')).toString('hex')).toBe(
      '3013020101600e0201030404636e3d61800370c3a4',
    );
  });

  it('encodes a search without limits: size 0 and time 0', () => {
    const search = encodeSearch({ base: 'dc=x', scope: 'subtree', filter: '(a=*)', attributes: ['uid', '1.1'] });
    expect(search.toString('hex')).toBe(
      '632404 0464633d78 0a0102 0a0100 020100 020100 010100 870161 300a 0403756964 0403312e31'.replaceAll(' ', ''),
    );
  });

  it('encodes StartTLS and unbind', () => {
    expect(encodeMessage(2, encodeExtended(START_TLS)).toString('hex')).toBe(
      `301d02010277188016${Buffer.from(START_TLS).toString('hex')}`,
    );
    expect(encodeMessage(3, encodeUnbind()).toString('hex')).toBe('30050201034200');
  });

  it('sends a control’s value byte for byte, and no criticality that is FALSE', () => {
    const value = Buffer.from('04ff00fe', 'hex');
    const critical = encodeMessage(1, encodeUnbind(), [{ type: '1.2', criticality: true, value }]);
    expect(critical.toString('hex')).toBe('30170201014200a010300e0403312e320101ff040404ff00fe');
    const plain = encodeMessage(1, encodeUnbind(), [{ type: '1.2', criticality: false }]);
    expect(plain.toString('hex')).toBe('300e0201014200a00730050403312e32');
  });
});
