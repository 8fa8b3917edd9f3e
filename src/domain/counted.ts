/**
 * A number with its noun and, if given, with the verb for one or for several: `1 line`, `2 lines`,
 * `1 line was`, `2 lines were`. The noun takes an `s` in the plural.
 */
export function counted(number: number, noun: string, verbs?: readonly [one: string, several: string]): string {
  const words = number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
  if (verbs === undefined) return words;
  return `${words} ${number === 1 ? verbs[0] : verbs[1]}`;
}
