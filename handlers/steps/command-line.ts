/**
 * Replaces `{name}` in the arguments of a configured command. It is done in one pass, so
 * placeholders inside values are not replaced. Each argument remains one argument. Unknown names
 * are left as they are.
 */
export function fillCommand(
  command: readonly string[],
  values: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return command.map((argument) =>
    argument.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) =>
      Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
    ),
  );
}

/** The names of the placeholders in a command. */
export function placeholdersOf(command: readonly string[]): ReadonlySet<string> {
  return new Set(
    command.flatMap((argument) => [...argument.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name = '']) => name)),
  );
}
