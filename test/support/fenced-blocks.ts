import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { SettingsFile } from './service-process.ts';

/** The fenced blocks of a language below a heading (`### Install`) of a page, in order. */
export function fencedBlocks(page: string, heading: string, language: string): string[] {
  const lines = readFileSync(join(import.meta.dirname, '../..', page), 'utf8').split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new Error(`${page} has no heading ${heading}`);
  const level = heading.indexOf(' ');
  const blocks: string[] = [];
  let open: { readonly language: string; readonly lines: string[] } | undefined;
  for (const line of lines.slice(start + 1)) {
    if (line.startsWith('```')) {
      if (open?.language === language) blocks.push(open.lines.join(''));
      open = open === undefined ? { language: line.slice(3), lines: [] } : undefined;
    } else if (open !== undefined) open.lines.push(`${line}\n`);
    else if (line.startsWith('#') && line.indexOf(' ') <= level) break;
  }
  return blocks;
}

/**
 * The blocks of one recipe of docs/recipes.md. The page's example hosts, ports, paths and times are
 * replaced wherever they occur, and only by `replacements`. Each of these must occur.
 */
export class Recipe {
  readonly #heading: string;
  readonly #replacements: readonly (readonly [example: string, actual: string])[];
  readonly #unused: Set<string>;

  constructor(title: string, replacements: Readonly<Record<string, string>> = {}) {
    this.#heading = `## ${title}`;
    this.#replacements = Object.entries(replacements);
    this.#unused = new Set(Object.keys(replacements));
  }

  block(language: string, index = 0): string {
    const found = fencedBlocks('docs/recipes.md', this.#heading, language)[index];
    if (found === undefined) throw new Error(`${this.#heading} has no block ${index} of ${language}`);
    return this.#replacements.reduce((text, [example, actual]) => {
      if (text.includes(example)) this.#unused.delete(example);
      return text.replaceAll(example, actual);
    }, found);
  }

  settings(index = 0): SettingsFile {
    return parse(this.block('yaml', index)) as SettingsFile;
  }

  /** The replacements that no block had so far. A test expects none at its end. */
  get unused(): string[] {
    return [...this.#unused];
  }
}
