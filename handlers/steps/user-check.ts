import { setTimeout as delay } from 'node:timers/promises';
import { duration, yesOrNo } from '../../config/kinds/kind.ts';
import { type SettingsOf, section, setting } from '../../config/kinds/setting.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { shown, singleValue } from '../../src/domain/entry-value.ts';
import { comparablePath } from '../../src/domain/home-path.ts';
import type { Job, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { isUidNumber } from '../../src/domain/uid.ts';
import type { Getent } from '../../src/script/getent.ts';
import { defineStep } from '../define-step.ts';
import { inspectProgram, linesOf } from './findings.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { LOOK_UP_GRACE, lookUpUser, type SystemUser, type UserLookup } from './user-lookup.ts';

const STOPPED = notPresent('the check was ended because the service is stopping');

/** The least time for a look-up, so that one that starts just before the deadline can finish. */
const LEAST_LOOK = 2_000;

const settings = section('A check before the script of add and modify: the host must know the user (NSS).', {
  enabled: setting('Do this step.', false, yesOrNo),
  timeout: setting(
    'How long to wait for the user, because caches of the host lag behind the directory.',
    '30s',
    duration('0s', '1h'),
  ),
  interval: setting('Time between two look-ups.', '1s', duration('100ms', '10m')),
});

/**
 * Checks that NSS knows the uid with the entry's uidNumber and home, if the entry has them. Repeats
 * the look-up until it succeeds or the time is up. Then it fails with code 2.
 */
export const userCheck = defineStep({
  name: 'user',
  section: 'userCheck',
  settings,
  isOn: ({ enabled }) => enabled,
  inspect: async () => linesOf('user check', 'getent exists', inspectProgram('userCheck.enabled', ['getent'])),
  limit: ({ timeout }) => timeout + LEAST_LOOK + LOOK_UP_GRACE,
  grace: () => LOOK_UP_GRACE,
  overdue: {
    returnValue: ReturnCode.USER_NOT_PRESENT_IN_BACKEND,
    remedy: 'find out what `getent passwd` waits for',
  },
  run: (waiting) => {
    return (job, context, { getent }) => waitForUser(job, context, { ...waiting, getent });
  },
});

export interface UserWait extends Pick<SettingsOf<typeof settings>, 'timeout' | 'interval'> {
  readonly getent: Getent;
  /** Waits; rejects when aborted. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * Looks the user up every `interval` ms for at most `timeout` ms, until NSS and the entry agree.
 */
export async function waitForUser(job: Job, { signal }: StepContext, options: UserWait): Promise<StepOutcome> {
  const { getent, timeout, interval, wait = waitAbortably, now = () => performance.now() } = options;
  const expected = expectationOf(job.entry);
  if (typeof expected === 'string') return notPresent(expected);

  const deadline = now() + timeout;
  while (true) {
    const timeoutMilliseconds = Math.max(LEAST_LOOK, deadline - now());
    const lookup = await lookUpUser(job.record.uid, expected.uidNumber, getent, { timeoutMilliseconds, signal });
    if (signal.aborted) return STOPPED;
    const fault = faultOf(lookup, expected);
    if (fault === undefined) return SUCCEEDED;
    const left = deadline - now();
    if (left <= 0) return notPresent(`${fault} (waited ${timeout} ms)`);
    try {
      await wait(Math.min(interval, left), signal);
    } catch {
      return STOPPED;
    }
  }
}

/** The values of the entry that NSS must agree with; undefined if the entry has none. */
interface Expectation {
  readonly uidNumber: string | undefined;
  readonly home: string | undefined;
}

/** Reads the expected values; a text says why the entry is faulty. */
function expectationOf(entry: DirectoryEntry): Expectation | string {
  const uidNumber = singleValue(entry, 'uidNumber');
  const home = singleValue(entry, 'homeDirectory');
  if (uidNumber.kind === 'faulty') return uidNumber.reason;
  if (home.kind === 'faulty') return home.reason;
  if (uidNumber.kind === 'text' && !isUidNumber(uidNumber.text)) {
    return `uidNumber ${shown(uidNumber.text)} of the entry is not a user number: correct it`;
  }
  return {
    uidNumber: uidNumber.kind === 'text' ? uidNumber.text : undefined,
    home: home.kind === 'text' ? home.text : undefined,
  };
}

function faultOf(lookup: UserLookup, expected: Expectation): string | undefined {
  switch (lookup.kind) {
    case 'missing':
      return 'the user is not known to this host: check nsswitch.conf and its cache with `getent passwd`';
    case 'failed':
      return `the user cannot be looked up: ${lookup.reason}`;
    case 'found':
      return faultOfUser(lookup.user, expected);
  }
}

function faultOfUser(user: SystemUser, { uidNumber, home }: Expectation): string | undefined {
  if (uidNumber !== undefined && user.uidNumber !== uidNumber) {
    return `this host knows the user with number ${shown(user.uidNumber)}, but the entry says ${uidNumber}: make the two agree`;
  }
  if (home !== undefined && comparablePath(user.home) !== comparablePath(home)) {
    return `this host knows the user with home ${shown(user.home)}, but the entry says ${shown(home)}: make the two agree`;
  }
  return undefined;
}

async function waitAbortably(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal });
}

function notPresent(reason: string): StepOutcome {
  return failed(ReturnCode.USER_NOT_PRESENT_IN_BACKEND, reason);
}
