import { expect, it } from 'vitest';
import { defined } from '../../src/domain/defined.ts';

it('leaves out the fields without a value, and no others', () => {
  const fields = { one: 1, none: undefined, no: null, empty: '', off: false };
  expect(Object.entries(defined(fields))).toEqual([
    ['one', 1],
    ['no', null],
    ['empty', ''],
    ['off', false],
  ]);
});
