/** A number with its noun: `1 account`, `2 accounts`. The noun takes an `s` in the plural. */
export function counted(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
