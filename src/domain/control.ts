/** A sentence that says what was done, or why nothing was done. */
export interface ControlAnswer {
  readonly done: boolean;
  readonly words: string;
}

/** The orders that a service takes, each at a path of its name. */
export const ORDER_NAMES = ['pause', 'resume', 'cancel', 'settle', 'reload'] as const satisfies ReadonlyArray<
  keyof Control
>;

/**
 * The orders of an operator to a running service. `who`: the user who gives the order, if that is
 * known. None of these methods rejects because of the content of an order.
 */
export interface Control {
  /** Begins nothing new until `resume`, or a restart. Running work goes on to its end. */
  pause(order: { readonly reason?: string | undefined; readonly who?: string | undefined }): ControlAnswer;
  /** Ends the pause by an operator, and the one by the brake. */
  resume(order: { readonly who?: string | undefined }): ControlAnswer;
  /** Ends the script of an account, which counts as failed. */
  cancel(order: { readonly uid: string; readonly who?: string | undefined }): ControlAnswer;
  /**
   * Writes the outcome of an account that has failed, or that no service works on. 0: finished;
   * otherwise: failed with this code. Nothing is run.
   */
  settle(order: {
    readonly uid: string;
    readonly code: number;
    readonly who?: string | undefined;
  }): Promise<ControlAnswer>;
  /**
   * Reads the configuration again. If the file has faults, nothing changes, and all faults are
   * reported.
   */
  reload(order: { readonly who?: string | undefined }): Promise<ControlAnswer>;
}
