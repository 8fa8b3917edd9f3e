/**
 * Returns a function that runs tasks one after the other, so that many clients load the service no
 * more than one. It returns undefined if `most` tasks are running or waiting already.
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
