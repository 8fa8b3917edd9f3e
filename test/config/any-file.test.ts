import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigurationError } from '../../config/fault.ts';
import { shapeOf } from '../../config/kinds/setting.ts';
import { parseConfig } from '../../config/load-config.ts';
import { settingsSchema } from '../../config/schema.ts';

const SECTIONS = Object.entries(shapeOf(settingsSchema) ?? {});
const KEYS = [
  ...SECTIONS.map(([name]) => name),
  ...SECTIONS.flatMap(([, schema]) => Object.keys(shapeOf(schema) ?? {})),
];

const key = fc.oneof(fc.constantFrom(...KEYS), fc.string());
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant('10s')),
    fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));

/** The faults of a text. Any other error that parsing throws is a bug. */
function faultsOf(text: string): string {
  try {
    parseConfig(text, {}, 'file');
    return '';
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
}

describe('any file at all', () => {
  it('is read or refused with faults, one printable line each', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          tree.map((value) => stringify(value)),
        ),
        (text) => {
          for (const line of faultsOf(text).split('\n')) expect(line).not.toMatch(/\p{Cc}/u);
        },
      ),
      { numRuns: 500 },
    );
  });

  const SIZE = 256 * 1024;
  const COSTLY: ReadonlyArray<readonly [string, string]> = [
    ['brackets', '['.repeat(SIZE)],
    ['brackets that are closed', '['.repeat(SIZE / 2) + ']'.repeat(SIZE / 2)],
    ['braces', '{a: '.repeat(SIZE / 4)],
    ['dashes', '- '.repeat(SIZE / 2)],
    ['question marks', '? '.repeat(SIZE / 2)],
    ['sections in each other', Array.from({ length: 720 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['keys', Array.from({ length: SIZE / 10 }, (_, index) => `k${index}: 1`).join('\n')],
    ['one key', 'k: 1\n'.repeat(SIZE / 5)],
    ['one line', 'a'.repeat(SIZE)],
    ['zero bytes', '\0'.repeat(SIZE)],
    ['aliases', `a: &a [x, x]\n${Array.from({ length: SIZE / 20 }, (_, index) => `k${index}: *a`).join('\n')}`],
    ['list items', `a: [${'1,'.repeat(SIZE / 2 - 3)}]`],
  ];
  it.each(COSTLY)('of the largest size is refused within seconds, in few words: nothing but %s', (_title, text) => {
    expect(text.length).toBeLessThanOrEqual(SIZE + 30);
    const started = performance.now();
    expect(faultsOf(text).length).toBeLessThan(32_768);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('may hold brackets in its values, and sections as deep as anybody writes them', () => {
    expect(faultsOf(`script: { command: [/bin/sh, -c, "${'['.repeat(200)}"] }`)).not.toContain('brackets');
    expect(faultsOf(`a:\n${'- [1]\n'.repeat(200)}`)).not.toContain('brackets');
  });

  it('does not show what it holds under the name of a password', () => {
    fc.assert(
      fc.property(fc.constantFrom('bindPassword', 'bindPasswordFile', 'bindPasswordFd'), tree, (name, value) => {
        const secret = 'geheim-4711';
        const hidden = JSON.stringify({ directory: { [name]: [secret, value], url: secret.length } });
        expect(faultsOf(hidden)).not.toContain(secret);
      }),
    );
  });
});
