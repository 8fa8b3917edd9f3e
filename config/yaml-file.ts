import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { Fault } from './fault.ts';

/** A parsed file: its content as plain data, and where in the text each of its keys stands. */
export interface YamlFile {
  readonly raw: unknown;
  /** The line of a key, counted from 1; of the section around it where it is missing; undefined outside of the file. */
  lineOf(path: readonly string[]): number | undefined;
}

/** Parses YAML 1.2, or lists what is wrong with it. The text itself is never quoted, as it may hold the password. */
export function parseYaml(text: string): YamlFile | { readonly faults: readonly Fault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) return { faults: problems.map((problem) => syntaxFault(problem, text, lines)) };
  const alias = unresolvedAlias(document);
  if (alias !== undefined) {
    const line = lines.linePos(alias).line;
    return {
      faults: [{ key: '', line, given: 'an alias that names nothing', expected: 'quotes around a value with *' }],
    };
  }
  try {
    const raw: unknown = document.toJS();
    return { raw, lineOf: (path) => lineOf(document, lines, path) };
  } catch {
    return {
      faults: [{ key: '', line: undefined, given: 'aliases that expand without end', expected: 'plain settings' }],
    };
  }
}

/** Where a value begins with * and so is an alias to YAML, as a password may. */
function unresolvedAlias(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Alias: (_key, node) => {
      if (node.resolve(document) !== undefined) return undefined;
      found = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

function lineOf(document: Document, lines: LineCounter, path: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) break;
      offset = isScalar(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
    } else {
      break;
    }
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

const SYNTAX: Readonly<Partial<Record<YAMLError['code'], readonly [given: string, expected: string]>>> = {
  BAD_INDENT: [
    'an indentation that fits no section',
    'the keys of a section all indented alike, and each bracket closed',
  ],
  MULTIPLE_DOCS: ['several documents', 'one'],
  TAB_AS_INDENT: ['a tab as indentation', 'blanks'],
  MISSING_CHAR: ['an unfinished value', 'its closing quote, bracket or colon'],
  TAG_RESOLVE_FAILED: ['a tag', 'a plain value'],
  BLOCK_AS_IMPLICIT_KEY: ['a value that looks like a key', 'quotes around values that hold ": "'],
};

function syntaxFault(problem: YAMLError, text: string, lines: LineCounter): Fault {
  const line = lines.linePos(problem.pos[0]).line;
  if (problem.code === 'DUPLICATE_KEY') {
    const key = /^["']?([\w.-]{1,64})/.exec(text.slice(problem.pos[0]))?.[1] ?? '';
    return { key, line, given: 'a second time', expected: 'once' };
  }
  const [given, expected] = SYNTAX[problem.code] ?? ['what is not YAML', 'lines of the form key: value'];
  return { key: '', line, given, expected };
}
