import { afterEach, beforeEach, expect, vi } from 'vitest';
import { AccountTraces } from './account-traces.ts';
import { MemoryDirectory } from './memory-directory.ts';
import { Stage, type StageOptions } from './stage.ts';

/**
 * The stages of one test, with one directory in memory and a fake clock. Each test has new ones.
 */
export interface FakeTimeStages {
  readonly directory: MemoryDirectory;
  /** Starts a service on the directory. It is ended after the test. */
  start(options?: Omit<StageOptions, 'directory'>): Stage;
  /** Advances the clock. */
  pass(milliseconds: number): Promise<unknown>;
}

/**
 * Call it once at the top of a test file. After each test the history of each account is compared
 * with the snapshot.
 */
export function fakeTimeStages(): FakeTimeStages {
  let directory: MemoryDirectory;
  let stages: Stage[];
  let traces: AccountTraces;

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 10) });
    directory = new MemoryDirectory(() => Date.now());
    stages = [];
    traces = new AccountTraces();
    traces.recordRequests(directory);
  });
  afterEach(() => {
    expect(traces.accounts).toMatchSnapshot('accounts');
    for (const stage of stages) stage.kill();
    vi.useRealTimers();
  });

  return {
    get directory() {
      return directory;
    },
    start: (options = {}) => {
      const service = stages.length + 1;
      const holder = `service-${service}/0/boot`;
      const told: StageOptions['told'] = (event) => {
        traces.record(service, event);
        options.told?.(event);
      };
      const stage = new Stage({ directory, holder, ...options, told });
      stages.push(stage);
      stage.run();
      return stage;
    },
    pass: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds),
  };
}
