/** The text of an error. An AggregateError, one error per address, has no message of its own. */
export function errorText(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(errorText).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
