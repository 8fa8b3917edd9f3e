/**
 * Replaces `{name}` inside the arguments of a configured command, in one pass: what a value brings along is never
 * looked at again, and every argument stays one argument. Names that are not among the values stay as they are.
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

/** The placeholders of a command, for judging whether the values that it needs are there. */
export function placeholdersOf(command: readonly string[]): ReadonlySet<string> {
  return new Set(
    command.flatMap((argument) => [...argument.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name = '']) => name)),
  );
}
