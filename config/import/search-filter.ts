/**
 * Returns the SEARCH_FILTER of the Perl daemon without the clauses for entryCSN and for open
 * accounts. The service does not need the former, and adds the latter itself. undefined: nothing is
 * left that selects accounts. null: the filter has other placeholders, or parentheses that do not
 * match.
 */
export function accountFilter(written: string): string | undefined | null {
  const parsed = parse(written.trim());
  if (parsed === null) return null;
  const left = withoutOwn(parsed);
  if (left === undefined || /^\(objectClass=\*\)$/i.test(left)) return undefined;
  return left.includes('%') ? null : left;
}

interface Clause {
  readonly text: string;
  /** The clauses of a conjunction (`&`); undefined for any other clause. */
  readonly all: readonly Clause[] | undefined;
}

/**
 * Parses one clause in parentheses, with the clauses of a conjunction within it. null: it is not a
 * clause.
 */
function parse(text: string): Clause | null {
  if (!text.startsWith('(') || !text.endsWith(')')) return null;
  if (!/^\(\s*&/.test(text)) return balanced(text) ? { text, all: undefined } : null;
  const parts = split(text.replace(/^\(\s*&/, '').slice(0, -1));
  if (parts === null) return null;
  const all: Clause[] = [];
  for (const part of parts) {
    const clause = parse(part);
    if (clause === null) return null;
    all.push(clause);
  }
  return { text, all };
}

function balanced(text: string): boolean {
  return split(text)?.length === 1;
}

const DEPTH: Readonly<Record<string, number>> = { '(': 1, ')': -1 };

/** Splits `(a)(b)` at the outermost parentheses. null: they do not match. */
function split(text: string): readonly string[] | null {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (depth === 0 && character.trim() === '') continue;
    if (depth === 0 && character !== '(') return null;
    part += character;
    depth += DEPTH[character] ?? 0;
    if (depth > 0) continue;
    parts.push(part);
    part = '';
  }
  return depth === 0 ? parts : null;
}

const OWN = [/^\(\s*entryCSN\s*>=\s*%entryCSN%\s*\)$/i, /^\(\s*sstProvisioningState\s*=\s*0\s*\)$/i];

function withoutOwn({ text, all }: Clause): string | undefined {
  if (all === undefined) return OWN.some((own) => own.test(text)) ? undefined : text;
  const left = all.map(withoutOwn).filter((clause) => clause !== undefined);
  const selecting = left.filter((clause) => !/^\(objectClass=\*\)$/i.test(clause));
  if (selecting.length <= 1) return selecting[0];
  return `(&${selecting.join('')})`;
}
