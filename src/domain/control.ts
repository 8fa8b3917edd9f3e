/** What was done, in a sentence, or why it was not. */
export interface ControlAnswer {
  readonly done: boolean;
  readonly words: string;
}

/** The orders that a service takes, each at a path of its name. */
export const ORDER_NAMES = ['pause', 'resume', 'cancel', 'settle', 'reload'] as const satisfies ReadonlyArray<
  keyof Control
>;

/**
 * What an operator may tell a running service. `who`: the user who asks, if that is known. None of
 * these ever rejects because of what is asked.
 */
export interface Control {
  /** Begins nothing new until `resume`, or a restart. Running work goes on to its end. */
  pause(order: { readonly reason?: string | undefined; readonly who?: string | undefined }): ControlAnswer;
  /** Ends the pause by an operator, and that by the brake. */
  resume(order: { readonly who?: string | undefined }): ControlAnswer;
  /** Ends the script of an account, which counts as failed. */
  cancel(order: { readonly uid: string; readonly who?: string | undefined }): ControlAnswer;
  /**
   * Writes the outcome of an account that has failed, or that nobody works on: 0: finished;
   * otherwise failed with this code. Nothing is run.
   */
  settle(order: {
    readonly uid: string;
    readonly code: number;
    readonly who?: string | undefined;
  }): Promise<ControlAnswer>;
  /**
   * Reads the configuration again. A file with faults changes nothing, and all of them are told.
   */
  reload(order: { readonly who?: string | undefined }): Promise<ControlAnswer>;
}
