const PLACEHOLDER = /\{([A-Za-z]+)\}/g;
/** A placeholder, or a literal one in doubled braces. */
const IN_TEMPLATE = /\{\{([A-Za-z]+)\}\}|\{([A-Za-z]+)\}/g;

type Values = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `{name}` in the arguments of a configured command. It is done in one pass, so
 * placeholders inside values are not replaced. Each argument remains one argument. Unknown names
 * are left as they are.
 */
export function fillCommand(command: readonly string[], values: Values): readonly string[] {
  return command.map((argument) =>
    argument.replace(PLACEHOLDER, (whole, name: string) => valueNamed(values, name) ?? whole),
  );
}

/** The names of the placeholders in a command. */
export function placeholdersOf(command: readonly string[]): ReadonlySet<string> {
  return new Set(command.flatMap((argument) => [...argument.matchAll(PLACEHOLDER)].map(([, name = '']) => name)));
}

export type Rendering =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'faulty'; readonly reason: string };

/**
 * Fills a template in one pass. An unknown placeholder is a fault, whose reason lists the known
 * ones. Doubled braces stand for literal ones: `{{HOME}}` becomes `{HOME}`.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): Rendering {
  const unknown: string[] = [];
  const text = template.replace(IN_TEMPLATE, (whole, literal?: string, name = '') => {
    if (literal !== undefined) return `{${literal}}`;
    const value = valueNamed(values, name);
    if (value === undefined) unknown.push(whole);
    return value ?? whole;
  });
  if (unknown.length === 0) return { kind: 'text', text };
  const known = Object.keys(values)
    .map((name) => `{${name}}`)
    .join(' ');
  return {
    kind: 'faulty',
    reason: `unknown: ${unknown.join(' ')}; known: ${known}, and {{NAME}} for a literal {NAME}`,
  };
}

/** A name such as `constructor` has no value. */
function valueNamed(values: Values, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
