/** Counts the turns of the event loop until `stop`. */
export function countTurns(): { count: () => number; stop: () => void } {
  let turns = 0;
  let next: NodeJS.Immediate;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  next = setImmediate(count);
  return { count: () => turns, stop: () => clearImmediate(next) };
}
