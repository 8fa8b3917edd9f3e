import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const text = read('CONTRIBUTING.md');
const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');

/** The files and folders that it names, and what it names in them. NAME stands for a new one. */
const named = [...prose.matchAll(/`([\w.-]*(?:\/[\w.-]*)+|\w[\w.-]*\.(?:json|md|ts))`(?:\s+\(`(\w+)`\))?/g)]
  .map(([, path = '', symbol]) => ({ path, symbol }))
  .filter(({ path }) => !path.includes('NAME') && !path.startsWith('/'));

describe('CONTRIBUTING.md', () => {
  it('names files that exist, some in each folder that a change begins in', () => {
    expect(named.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['src/domain/event.ts', 'handlers/steps/registry.ts', 'config/schema.ts', 'package.json']),
    );
    const made = ['node_modules/.cache', 'node_modules/.cache/roots', 'coverage/'];
    expect(named.filter(({ path }) => !made.includes(path) && !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('runs test files that exist', () => {
    const [commands = ''] = /^```[\s\S]*?^```$/m.exec(text) ?? [];
    const files = [...commands.matchAll(/ (test\/\S+\.ts)/g)].map(([, path = '']) => path);
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names what is in those files', () => {
    const symbols = named.filter(({ symbol }) => symbol !== undefined);
    expect(symbols.length).toBeGreaterThan(12);
    expect(symbols.filter(({ path, symbol }) => !new RegExp(`\\b${symbol}\\b`).test(read(path)))).toEqual([]);
  });

  it('names each stage that runs only if it is named', () => {
    const [, further = ''] = /const FURTHER_STAGES[^=]*= \[\n([\s\S]*?)^\];/m.exec(read('test/run-all.ts')) ?? [];
    const stages = [...further.matchAll(/name: '([\w-]+)'/g)].map(([, name]) => name);
    expect(stages.length).toBeGreaterThan(3);
    expect(stages.filter((name) => !prose.includes(`\`npm test -- ${name}\``))).toEqual([]);
  });
});
