import { expect, it } from 'vitest';
import { counted } from '../../src/domain/counted.ts';

it.each([
  [0, '0 lines', '0 lines were'],
  [1, '1 line', '1 line was'],
  [2, '2 lines', '2 lines were'],
])('puts the noun and the verb of the number %i in the right form', (number, words, sentence) => {
  expect(counted(number, 'line')).toBe(words);
  expect(counted(number, 'line', ['was', 'were'])).toBe(sentence);
});
