import fc from 'fast-check';

/** The paths to all parts of a value, as lists of keys. */
export function placesIn(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((rest) => [key, ...rest]))];
}

/** A copy of the value in which the part at the path is replaced. */
export function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const inside = value as Record<string, unknown>;
  const inner = replaced(inside[key], rest, by);
  if (Array.isArray(value)) return value.map((each, index) => (String(index) === key ? inner : each));
  return { ...inside, [key]: inner };
}

const ODD = [
  ...[null, true, 0, -1, 1.5, 1e308, 2 ** 53, '', '0', 'x'.repeat(2_000), '\u0000', [], {}, [[]], ['a', 1]],
  ...['Mars/Olympus', '+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
  ...['0000-01-01T00:00:00.000Z', 'toString', '__proto__', 'several', '99991231', '10000101', { base64: '%' }],
];

/** Unexpected values; undefined removes the part. */
export const oddValue = fc.oneof(fc.constantFrom(...ODD, undefined), fc.jsonValue());
