/**
 * Resolves as `tried` does, or with `late()` after the time limit, because a file system that does
 * not answer must not block an account for ever.
 */
export async function withinTime<T>(tried: Promise<T>, milliseconds: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), milliseconds);
  });
  try {
    return await Promise.race([tried, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
