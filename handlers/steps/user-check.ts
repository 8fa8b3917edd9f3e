import { setTimeout as delay } from 'node:timers/promises';
import { shown, singleValue } from '../../src/domain/entry-value.ts';
import { comparablePath } from '../../src/domain/home-path.ts';
import type { Job, Step, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { isUidNumber } from '../../src/domain/uid.ts';
import { type RunCommand, runCommand } from '../../src/script/command.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { lookUpUser, type UserLookup } from './user-lookup.ts';

export interface UserCheckOptions {
  /** How long to wait until NSS knows the user as the directory does: its caches lag. */
  readonly timeoutMilliseconds: number;
  /** Between two looks. */
  readonly intervalMilliseconds: number;
  readonly run?: RunCommand;
  /** Waits; rejects when aborted. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds on a clock that only goes forward. */
  readonly now?: () => number;
}

/** What a look gets at least, so that one that begins just before the end can be answered. */
const LEAST_LOOK = 2_000;
/** What ending a look that hangs may take. */
const KILL_GRACE = 2_000;

/**
 * Checks that NSS knows the uid, with the entry's uidNumber and home where the entry has them; asks again until it does
 * or the time is up, then fails with code 2.
 */
export function userCheckStep(options: UserCheckOptions): Step {
  return {
    name: 'user',
    longestMilliseconds: options.timeoutMilliseconds + LEAST_LOOK + KILL_GRACE,
    run: (job, context) => waitForUser(job, context, options),
  };
}

async function waitForUser(job: Job, { signal }: StepContext, options: UserCheckOptions): Promise<StepOutcome> {
  const { run = runCommand, wait = waitAbortably, now = () => performance.now() } = options;
  const uidNumber = singleValue(job.entry, 'uidNumber');
  const home = singleValue(job.entry, 'homeDirectory');
  if (uidNumber.kind === 'faulty') return notPresent(uidNumber.reason);
  if (home.kind === 'faulty') return notPresent(home.reason);
  if (uidNumber.kind === 'text' && !isUidNumber(uidNumber.text)) {
    return notPresent(`uidNumber ${shown(uidNumber.text)} of the entry is not a user number: correct it`);
  }
  const expected = {
    uidNumber: uidNumber.kind === 'text' ? uidNumber.text : undefined,
    home: home.kind === 'text' ? home.text : undefined,
  };

  const deadline = now() + options.timeoutMilliseconds;
  while (true) {
    const timeoutMilliseconds = Math.max(LEAST_LOOK, deadline - now());
    const lookup = await lookUpUser(job.record.uid, expected.uidNumber, run, { timeoutMilliseconds, signal });
    if (signal.aborted) return notPresent('stopped, as the service stops');
    const fault = faultOf(lookup, expected);
    if (fault === undefined) return SUCCEEDED;
    const left = deadline - now();
    if (left <= 0) return notPresent(`${fault} (waited ${options.timeoutMilliseconds} ms)`);
    try {
      await wait(Math.min(options.intervalMilliseconds, left), signal);
    } catch {
      return notPresent('stopped, as the service stops');
    }
  }
}

function faultOf(lookup: UserLookup, expected: { uidNumber?: string | undefined; home?: string | undefined }) {
  switch (lookup.kind) {
    case 'missing':
      return 'the user is not known to this host: check nsswitch.conf and its cache with `getent passwd`';
    case 'failed':
      return `the user cannot be looked up: ${lookup.reason}`;
    case 'found': {
      const { user } = lookup;
      if (expected.uidNumber !== undefined && user.uidNumber !== expected.uidNumber) {
        return `this host knows the user with number ${shown(user.uidNumber)}, the entry says ${expected.uidNumber}: make them agree`;
      }
      if (expected.home !== undefined && comparablePath(user.home) !== comparablePath(expected.home)) {
        return `this host knows the user with home ${shown(user.home)}, the entry says ${shown(expected.home)}: make them agree`;
      }
      return undefined;
    }
  }
}

async function waitAbortably(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}

function notPresent(reason: string): StepOutcome {
  return failed(ReturnCode.USER_NOT_PRESENT_IN_BACKEND, reason);
}
