import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import { type CommandFacts, commandTree, withCommandsBelow } from '../../packaging/command-tree.ts';
import { generatedFiles } from '../../packaging/generated.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

/** What a reader sees of a line of roff. */
function shown(text: string): string {
  return text.replaceAll('\\-', '-').replaceAll('\\(dq', '"').replaceAll('\\(aq', "'");
}

/** The commands of the manual page with the options under each of them. */
function documented(page: string): Map<string, string[]> {
  const [, options = '', commands = ''] =
    /^\.SH OPTIONS\n([\s\S]*?)^\.SH COMMANDS\n([\s\S]*?)^\.SH /m.exec(shown(page)) ?? [];
  const terms = (text: string) => [...text.matchAll(/^\.TP\n\.B (-.*)$/gm)].flatMap(([, term = '']) => namesOf(term));
  const found = new Map([['', terms(options)]]);
  for (const section of commands.split(/^\.SS /m).slice(1)) {
    const [, name = ''] = /^"([a-z ]+?)(?: [-<[].*)?"\n/.exec(section) ?? [];
    found.set(name, terms(section));
  }
  return found;
}

function namesOf(term: string): string[] {
  return term.split(/,? /).filter((word) => word.startsWith('-'));
}

/** The same of the program, as it reads its arguments. */
function existing(program: CommandFacts): Map<string, string[]> {
  const everywhere = new Set(['-h', '--help']);
  const ends = withCommandsBelow(program).filter(({ commands }) => commands.length === 0);
  const entries = ends.map(({ path, options }): [string, string[]] => [
    path.join(' '),
    options.flatMap(({ names }) => names).filter((name) => !everywhere.has(name)),
  ]);
  return new Map([['', program.options.flatMap(({ names }) => names)], ...entries]);
}

describe('the generated files', () => {
  it.each(Object.entries(generatedFiles()))('have a fresh %s (npm run docs)', (path, text) => {
    expect(read(path)).toBe(text);
  });
});

describe('the manual page of the command', () => {
  it('has every command and option of the program, and no other', () => {
    const found = documented(read('packaging/man/prov-backup-rsnapshot.1'));
    const program = existing(commandTree(version));
    expect(program.size).toBeGreaterThan(10);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(program));
  });
});

describe('the manual page of the configuration', () => {
  it('has every setting of the reference, and no other', () => {
    const keys = [...read('docs/configuration.md').matchAll(/^\| `([\w.]+)` \|/gm)].map(([, key]) => key);
    const [, settings = ''] =
      /^\.SH SETTINGS\n([\s\S]*?)^\.SH /m.exec(read('packaging/man/prov-backup-rsnapshot.yaml.5')) ?? [];
    const terms = [...settings.matchAll(/^\.TP\n\.B (.*)$/gm)].map(([, term]) => term);
    expect(keys.length).toBeGreaterThan(50);
    expect(terms).toEqual(keys);
  });
});

describe('the configuration of a new installation', () => {
  const text = read('packaging/prov-backup-rsnapshot.yaml');

  it('is refused, with what is required', () => {
    expect(() => parseConfig(text, {}, 'new.yaml')).toThrow(
      /directory\.url[\s\S]*directory\.base[\s\S]*script\.command/,
    );
  });

  it('is the example as soon as each setting is uncommented', () => {
    const given = text.replaceAll(/^( *)#(?=\w+: )/gm, '$1');
    const example = read('config/prov-backup-rsnapshot.example.yaml');
    expect(parseConfig(given, {}, 'new.yaml')).toEqual(parseConfig(example, {}, 'example.yaml'));
  });
});
