import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = readdirSync(ROOT, { recursive: false, encoding: 'utf8' })
  .concat(readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((page) => join('docs', page)))
  .filter((page) => page.endsWith('.md'));

const LONGEST_LINE = 120;

const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');
/** The page without its fenced blocks, in which a `#` begins a comment. */
const proseOf = (page: string) => textOf(page).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');

/** The anchors that a page's headings have on forges: words in lower case, joined by hyphens. */
function anchorsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Where a link of a page leads: a file of the project and an anchor in it. */
function targetOf(page: string, link: string): { readonly file: string; readonly anchor: string } {
  const [path = '', anchor = ''] = link.split('#');
  return { file: path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path)), anchor };
}

function isWhole(page: string, link: string): boolean {
  const { file, anchor } = targetOf(page, link);
  if (!existsSync(join(ROOT, file))) return false;
  return anchor === '' || (file.endsWith('.md') && anchorsOf(file).includes(anchor));
}

describe('the pages', () => {
  it.each(PAGES)('%s has links that lead somewhere', (page) => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const relatives = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(relatives.filter((link) => !isWhole(page, link))).toEqual([]);
  });

  it.each(PAGES)('%s names only files that exist', (page) => {
    const named = /`((?:src|streams|handlers|config|test|docs|packaging|bench)\/[^`\s]*)`/g;
    const paths = [...proseOf(page).matchAll(named)].map(([, path = '']) => path);
    // NAME stands for a file that the reader is to write.
    expect(paths.filter((path) => !/\bNAME\b/.test(path) && !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(PAGES)(`%s has prose of at most ${LONGEST_LINE} columns`, (page) => {
    const lines = proseOf(page).split('\n');
    expect(lines.filter((line) => line.length > LONGEST_LINE && !line.trimStart().startsWith('|'))).toEqual([]);
  });

  it('are reached from the README by links', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const [, link = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        const { file } = targetOf(page, link);
        if (PAGES.includes(file)) reached.add(file);
      }
    }
    expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
  });

  it('begin with a README of at most 200 lines', () => {
    expect(textOf('README.md').split('\n').length - 1).toBeLessThanOrEqual(200);
  });
});
