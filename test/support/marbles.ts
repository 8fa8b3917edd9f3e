import { TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** Runs a marble test in virtual time. */
export function marbles(test: (helpers: Helpers) => void): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);
}
