import { DirectoryError } from '../../src/domain/directory-error.ts';

/**
 * What a pure step returns: notes, which are reported first, and either the next state with an
 * effect, or the result. There is one effect at a time, and each is answered exactly once: its
 * answer is the input of the next step.
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
  readonly begin: Next<State, Effect, Note, Result>;
  readonly step: (state: State, input: Input | Failed) => Next<State, Effect, Note, Result>;
}

/** What a machine runs with. */
export interface Driver<State, Effect, Input, Note, Result> {
  readonly perform: (effect: Effect) => Promise<Input>;
  readonly tell: (note: Note) => void;
  /** Called with each step except the first one. */
  readonly stepped: (state: State, input: Input | Failed, next: Next<State, Effect, Note, Result>) => void;
}

/**
 * Runs a machine to its result. Notes are reported before the effect is performed, as the echo of a
 * write may come before its answer. Rejects if an effect fails with anything but a
 * `DirectoryError`: then the service stops, or there is a bug.
 */
export async function run<State, Effect, Input, Note, Result>(
  { begin, step }: Machine<State, Effect, Input, Note, Result>,
  { perform, tell, stepped }: Driver<State, Effect, Input, Note, Result>,
): Promise<Result> {
  for (let next = begin; ; ) {
    for (const note of next.notes) tell(note);
    if ('result' in next) return next.result;
    const { state, effect } = next;
    const input = await perform(effect).catch(failed);
    next = step(state, input);
    stepped(state, input, next);
  }
}

function failed(error: unknown): Failed {
  if (!(error instanceof DirectoryError)) throw error;
  return { got: 'error', error };
}

/**
 * Returns the input, which must be of the kind `got` in this state. Throws a TypeError otherwise,
 * as that is a bug.
 */
export function answerTo<Input extends { readonly got: string }, Got extends Input['got']>(
  input: Input,
  got: Got,
): Extract<Input, { readonly got: Got }> {
  if (input.got !== got) throw new TypeError(`a step that waits for ${got} got ${input.got}`);
  return input as Extract<Input, { readonly got: Got }>;
}
