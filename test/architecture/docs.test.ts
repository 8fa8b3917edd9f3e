import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PROTOCOL = 'docs/protocol.md';
const DECISIONS = 'docs/decisions';
const decisions = readdirSync(join(ROOT, DECISIONS)).map((name) => `${DECISIONS}/${name}`);

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const TITLE = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;

/**
 * The titles of the tests in a file, and of their groups. An expression in a title is written as
 * `…` in the documents.
 */
function titlesIn(path: string): readonly string[] {
  return [...textOf(path).matchAll(TITLE)].map(([, , title = '']) =>
    title.replace(/\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1'),
  );
}

interface Fact {
  readonly words: string;
  /** What the last line of the fact says about tests. */
  readonly proof: string;
}

/** The facts of docs/protocol.md: the outer items of its lists, each with its inner item. */
function facts(): readonly Fact[] {
  return textOf(PROTOCOL)
    .split(/\n(?=- |#|\||\n)/)
    .filter((block) => block.startsWith('- '))
    .map((block) => block.replace(/\s+/g, ' '))
    .map((block) => {
      const [words = '', proof = ''] = block.split(/ - (?=Test: |No test: )/);
      return { words, proof };
    });
}

describe('the decisions', () => {
  const records = decisions.filter((path) => !path.endsWith('/README.md'));

  it('are numbered in order, and each is in the index by its title', () => {
    const index = textOf(`${DECISIONS}/README.md`);
    const titles = records.map((path) => /^# (.+)$/m.exec(textOf(path))?.[1]);
    expect(records.length).toBeGreaterThan(10);
    expect(titles.map((title) => Number.parseInt(title ?? '', 10))).toEqual(records.map((_, number) => number + 1));
    for (const [number, path] of records.entries()) {
      const name = path.slice(DECISIONS.length + 1);
      expect(name).toMatch(new RegExp(`^${String(number + 1).padStart(4, '0')}-`));
      expect(index).toContain(`| [${titles[number]?.replace(/^\d+\. /, '')}](${name}) |`);
    }
  });

  it('have each its context, what was decided, and the consequences', () => {
    for (const path of records) {
      const headings = [...textOf(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect({ path, headings }).toEqual({ path, headings: ['Context', 'Decision', 'Consequences'] });
    }
  });
});

describe('docs/protocol.md', () => {
  it('names for each fact the tests that hold it, or says that there is none', () => {
    expect(facts().length).toBeGreaterThan(50);
    expect(facts().filter(({ proof }) => proof === '')).toEqual([]);
  });

  it('names tests by titles that exist in their files', () => {
    const held = facts().filter(({ proof }) => /^Test: /.test(proof));
    expect(held.length).toBeGreaterThan(30);
    for (const { words, proof } of held) {
      const parts = proof.split(/(?=\[[^\]]*\]\()/).slice(1);
      expect(parts.length, words).toBeGreaterThan(0);
      for (const part of parts) {
        const path = /\]\(\.\.\/(test\/[^)]+)\)/.exec(part)?.[1] ?? '';
        const titles = [...part.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title);
        expect(titles.length, `a title of ${path} for: ${words}`).toBeGreaterThan(0);
        expect({ path, missing: titles.filter((title) => !titlesIn(path).includes(title)) }).toEqual({
          path,
          missing: [],
        });
      }
    }
  });
});

/** The sections of docs/architecture.md with the states of a file, and that file. */
const MACHINES = {
  'A turn': 'streams/turn/turn.ts',
  'The claim': 'streams/turn/claim-state.ts',
  'The write-back': 'streams/turn/write-back-state.ts',
  'A lease': 'streams/leases/lease-state.ts',
  'An entry among the open accounts': 'streams/accounts/own-write.ts',
} as const;

/** The moves between the states of two lists, such as `a -> b`. */
function moves(from: string, to: string): readonly string[] {
  const names = (list: string) => list.split(',').map((name) => name.trim());
  return names(from)
    .flatMap((one) => names(to).map((other) => [one, other]))
    .filter((pair) => pair.every((name) => /^\w+$/.test(name) && name !== 'any'))
    .map((pair) => pair.join(' -> '));
}

/** The legal moves in the comment at the top of a file: `a, b -> c -> d   why`. */
function movesIn(path: string): ReadonlySet<string> {
  const lines = [...textOf(path).matchAll(/^ \* {3}(?:\w+\(\): +)?(\S.* -> .*)$/gm)];
  const chains = lines.map(([, line = '']) =>
    line
      .replace(/ +-> +/g, ' -> ')
      .replace(/ {2,}.*$/, '')
      .split(' -> '),
  );
  return new Set(chains.flatMap((chain) => chain.slice(1).flatMap((to, index) => moves(chain[index] ?? '', to))));
}

/** The moves in a section of docs/architecture.md, in a diagram or a table. */
function movesInSection(heading: string): ReadonlySet<string> {
  const [, section = ''] = textOf('docs/architecture.md').split(`\n### ${heading}\n`);
  const [own = ''] = section.split(/\n##+ /);
  const drawn = [...own.matchAll(/^ +(\w+) --> (\w+)/gm)];
  const listed = [...own.replaceAll('`', '').matchAll(/^\| ([\w, ]+) \| ([\w, ]+) \|/gm)];
  return new Set([...drawn, ...listed.slice(1)].flatMap(([, from = '', to = '']) => moves(from, to)));
}

describe('the states in docs/architecture.md', () => {
  it.each(Object.entries(MACHINES))('%s: has the moves that %s says', (heading, path) => {
    expect(movesIn(path).size).toBeGreaterThan(8);
    expect([...movesInSection(heading)].sort()).toEqual([...movesIn(path)].sort());
  });
});
