import { DirectoryError } from '../../src/domain/directory-error.ts';

/**
 * What a pure step returns: the next state, what is to be told first, and the effect whose answer
 * is the input of the step after it; or how it all ended. There is one effect at a time, and each
 * is answered exactly once.
 */
export type Next<State, Effect, Note, Result> =
  | { readonly notes: readonly Note[]; readonly state: State; readonly effect: Effect }
  | { readonly notes: readonly Note[]; readonly result: Result };

/** The answer to an effect that the directory refused, or did not answer. */
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
  /** Is told each step but the first, with its input. */
  readonly stepped: (input: Input | Failed, next: Next<State, Effect, Note, Result>) => void;
}

/**
 * Runs a machine to its result. Notes are told before the effect is performed, as its echo may come
 * before its answer. Rejects where an effect ends with anything but a `DirectoryError`: the service
 * stops, or there is a bug.
 */
export async function run<State, Effect, Input, Note, Result>(
  { begin, step }: Machine<State, Effect, Input, Note, Result>,
  { perform, tell, stepped }: Driver<State, Effect, Input, Note, Result>,
): Promise<Result> {
  for (let next = begin; ; ) {
    for (const note of next.notes) tell(note);
    if ('result' in next) return next.result;
    const input = await perform(next.effect).catch(failed);
    next = step(next.state, input);
    stepped(input, next);
  }
}

function failed(error: unknown): Failed {
  if (!(error instanceof DirectoryError)) throw error;
  return { got: 'error', error };
}

/** The input, which is to be of this kind in this state; anything else is a bug. */
export function answerTo<Input extends { readonly got: string }, Got extends Input['got']>(
  input: Input,
  got: Got,
): Extract<Input, { readonly got: Got }> {
  if (input.got !== got) throw new TypeError(`a step that waits for ${got} got ${input.got}`);
  return input as Extract<Input, { readonly got: Got }>;
}
