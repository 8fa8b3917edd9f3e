import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { Fault } from './fault.ts';

/** A parsed file: its content as plain data, and the line of each key. */
export interface YamlFile {
  readonly raw: unknown;
  /**
   * The line of a key, from 1. For a missing key, the line of its section; undefined if that is
   * missing, too.
   */
  lineOf(path: readonly string[]): number | undefined;
}

/**
 * Parses YAML 1.2. Returns the faults if it is malformed. They never quote the text, because it may
 * contain the password.
 */
export function parseYaml(text: string): YamlFile | { readonly faults: readonly Fault[] } {
  const deep = lineNestedTooDeep(text);
  if (deep !== undefined) {
    const given = `more than ${DEEPEST} nested brackets or dashes`;
    return { faults: [{ key: '', line: deep, given, expected: 'lines of the form key: value' }] };
  }
  const lines = new LineCounter();
  // `uniqueKeys` would take quadratic time, because it compares each key with all keys before it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems = [...document.errors, ...document.warnings];
  const faults = [...problems.map((problem) => syntaxFault(problem, lines)), ...repeatedKeys(document, lines)];
  if (faults.length > 0) return { faults: faults.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  const alias = unresolvedAlias(document);
  if (alias !== undefined) {
    const line = lines.linePos(alias).line;
    return {
      faults: [
        { key: '', line, given: 'an alias without an anchor', expected: 'quotes around a value that begins with *' },
      ],
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

/**
 * The deepest nesting that is accepted: far more than any setting needs, and far less than would
 * overflow the stack of the parser.
 */
const DEEPEST = 100;

/** The line, from 1, at which values are nested too deeply. Undefined if they are not. */
function lineNestedTooDeep(text: string): number | undefined {
  let line = 1;
  let inBrackets = 0;
  let inDashes = 0;
  for (const token of new Lexer().lex(text)) {
    if (token.includes('\n')) {
      line += token.split('\n').length - 1;
      inDashes = 0;
    } else if (token === '[' || token === '{') inBrackets += 1;
    else if (token === ']' || token === '}') inBrackets -= 1;
    else if (token === '-' || token === '?') inDashes += 1;
    if (inBrackets > DEEPEST || inDashes > DEEPEST) return line;
  }
  return undefined;
}

function repeatedKeys(document: Document, lines: LineCounter): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map: (_key, { items }) => {
      const keys = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const { line } = lines.linePos(key.range?.[0] ?? 0);
        if (keys.has(key.value))
          faults.push({ key: shownName(key.value), line, given: 'a second time', expected: 'once' });
        keys.add(key.value);
      }
    },
  });
  return faults;
}

function shownName(key: unknown): string {
  return /^[\w.-]{1,64}/.exec(String(key))?.[0] ?? '';
}

/**
 * The position of an alias without an anchor. In YAML, a value that begins with * is an alias, and
 * a password may begin with *.
 */
function unresolvedAlias(document: Document): number | undefined {
  const anchors = new Set<string>();
  let found: number | undefined;
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        if (anchors.has(node.source)) return undefined;
        found = node.range?.[0] ?? 0;
        return visit.BREAK;
      }
      if (node.anchor !== undefined) anchors.add(node.anchor);
      return undefined;
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

const SYNTAX_FAULTS: Readonly<Partial<Record<YAMLError['code'], readonly [given: string, expected: string]>>> = {
  BAD_INDENT: [
    'an indentation that fits no section',
    'the same indentation for all keys of a section, and each bracket closed',
  ],
  MULTIPLE_DOCS: ['several documents', 'one'],
  TAB_AS_INDENT: ['a tab as indentation', 'blanks'],
  MISSING_CHAR: ['an unfinished value', 'its closing quote, bracket or colon'],
  TAG_RESOLVE_FAILED: ['a tag', 'a plain value'],
  BLOCK_AS_IMPLICIT_KEY: ['a value that looks like a key', 'quotes around values that contain ": "'],
};

function syntaxFault(problem: YAMLError, lines: LineCounter): Fault {
  const line = lines.linePos(problem.pos[0]).line;
  const [given, expected] = SYNTAX_FAULTS[problem.code] ?? ['text that is not YAML', 'lines of the form key: value'];
  return { key: '', line, given, expected };
}
