import { afterEach, beforeEach, vi } from 'vitest';
import { MemoryDirectory } from './memory-directory.ts';
import { Stage, type StageOptions } from './stage.ts';

/** The stages of one test on one directory in memory, by a fake clock. Each test has new ones. */
export interface FakeTimeStages {
  readonly directory: MemoryDirectory;
  /** Starts a service on the directory. It is ended after the test. */
  start(options?: Omit<StageOptions, 'directory'>): Stage;
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): Promise<unknown>;
}

/** To be called once at the top of a test file. */
export function fakeTimeStages(): FakeTimeStages {
  let directory: MemoryDirectory;
  let stages: Stage[];

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 10) });
    directory = new MemoryDirectory(() => Date.now());
    stages = [];
  });
  afterEach(() => {
    for (const stage of stages) stage.kill();
    vi.useRealTimers();
  });

  return {
    get directory() {
      return directory;
    },
    start: (options = {}) => {
      const stage = new Stage({ directory, ...options });
      stages.push(stage);
      stage.run();
      return stage;
    },
    pass: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds),
  };
}
