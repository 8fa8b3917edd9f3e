import { DirectoryError } from '../../src/domain/directory-error.ts';

/**
 * What a pure step returns: notes, which are reported first, and either the next state with an
 * effect, or the result. There is one effect at a time. Each effect has exactly one answer, which
 * is the input of the next step.
 */
export type Next<State, Effect, Note, Result> =
  | { readonly notes: readonly Note[]; readonly state: State; readonly effect: Effect }
  | { readonly notes: readonly Note[]; readonly result: Result };

/** The answer to an effect that the directory refused or did not answer. */
export interface Failed {
  readonly got: 'error';
  readonly error: DirectoryError;
}

export interface Machine<State, Effect, Input, Note, Result> {
  /** Returns what follows from the answer to the effect of the state. */
  readonly step: (state: State, input: Input | Failed) => Next<State, Effect, Note, Result>;
  readonly perform: (effect: Effect) => Promise<Input>;
  readonly tell: (note: Note) => void;
}

/**
 * Runs a machine from its first step to its result. Notes are reported before the effect is
 * performed, as the echo of a write may come before its answer. Rejects if an effect fails with an
 * error that is not a `DirectoryError`: then the service stops, or there is a bug.
 */
export async function run<State, Effect, Input, Note, Result>(
  first: Next<State, Effect, Note, Result>,
  { step, perform, tell }: Machine<State, Effect, Input, Note, Result>,
): Promise<Result> {
  for (let next = first; ; ) {
    for (const note of next.notes) tell(note);
    if ('result' in next) return next.result;
    next = step(next.state, await perform(next.effect).catch(failed));
  }
}

function failed(error: unknown): Failed {
  if (!(error instanceof DirectoryError)) throw error;
  return { got: 'error', error };
}

/**
 * Returns the input, which must be of the kind `got` in this state. Otherwise there is a bug, and
 * it throws a TypeError.
 */
export function answerTo<Input extends { readonly got: string }, Got extends Input['got']>(
  input: Input,
  got: Got,
): Extract<Input, { readonly got: Got }> {
  if (input.got !== got) throw new TypeError(`a step that waits for ${got} got ${input.got}`);
  return input as Extract<Input, { readonly got: Got }>;
}
