/**
 * Runs tasks one after the other, so that many askers cost no more than one. Returns undefined if
 * `most` are waiting already.
 */
export function oneAtATime(most: number): <T>(task: () => Promise<T>) => Promise<T> | undefined {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (task) => {
    if (waiting >= most) return undefined;
    waiting += 1;
    const run = last.then(task).finally(() => {
      waiting -= 1;
    });
    last = run.catch(() => undefined);
    return run;
  };
}
