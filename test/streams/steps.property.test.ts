import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fence, Fencing } from '../../src/domain/fence.ts';
import { readLease } from '../../src/domain/lease.ts';
import { MODES, type Mode, readMode, WORDS } from '../../src/domain/mode.ts';
import type { ClaimedJob } from '../../streams/candidate.ts';
import { type Leases, NO_LEASES } from '../../streams/leases/leases.ts';
import { claimAccount } from '../../streams/operators/claim.ts';
import { writeOutcome } from '../../streams/operators/write-back.ts';
import type { ClaimResult } from '../../streams/turn/claim-state.ts';
import { type Fault, MemoryDirectory } from '../support/memory-directory.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';

/** How often each state was left, by machine and state. All of them have to be reached. */
const visited = vi.hoisted(() => new Map<string, number>());
/**
 * Checks each step: the same state and input give the same result, and the arguments are not
 * changed.
 */
const checked = vi.hoisted(
  () =>
    <S extends { at: string }, I, R, N>(machine: string, step: (state: S, input: I, rules: R) => N) =>
    (state: S, input: I, rules: R): N => {
      visited.set(`${machine} ${state.at}`, (visited.get(`${machine} ${state.at}`) ?? 0) + 1);
      const next = step(Object.freeze(state), Object.freeze(input), rules);
      if (JSON.stringify(step(state, input, rules)) !== JSON.stringify(next)) throw new Error('the step is not pure');
      return next;
    },
);
vi.mock('../../streams/turn/claim-step.ts', async (original) => {
  const steps = await original<typeof import('../../streams/turn/claim-step.ts')>();
  return { ...steps, stepClaim: checked('claim', steps.stepClaim) };
});
vi.mock('../../streams/turn/write-back-step.ts', async (original) => {
  const steps = await original<typeof import('../../streams/turn/write-back-step.ts')>();
  return { ...steps, stepWriteBack: checked('writeBack', steps.stepWriteBack) };
});

/**
 * The faults of one operation: of the network, of the server, or another client's write right
 * before it is done.
 */
const luck = fc.record({
  fault: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Fault>('lostBefore', 'lostAfter', 'late', { code: 51 }, { code: 17 }, { code: 50 }),
    },
  ),
  writer: fc.oneof(
    { weight: 6, arbitrary: fc.constant('nobody' as const) },
    { weight: 4, arbitrary: fc.constantFrom('describe', 'ask', 'claim', 'rename', 'recreate', 'remove') },
  ),
  mode: fc.constantFrom(...MODES),
  active: fc.constantFrom('TRUE', 'FALSE'),
  /** Delayed requests are carried out before this operation. */
  delivers: fc.boolean(),
});
const world = fc.record({
  lucks: fc.array(luck, { maxLength: 12 }),
  instances: fc.constantFrom('one' as const, 'several' as const),
  fencing: fc.constantFrom<Fencing>('version', 'token'),
  postRead: fc.boolean(),
  mode: fc.constantFrom(...MODES),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const OPTIONS = { numRuns: Number(process.env['PLANS'] ?? 2_000), seed: Number(process.env['PLANS_SEED'] ?? 4_711) };
/** A longer run of a machine would be endless, as there are no faults after the last one. */
const MOST_OPERATIONS = 120;

let directory: MemoryDirectory;
/** Another client has requested, claimed or removed the account since the work on it began. */
let overwritten: boolean;
/** Whether an operation had no response, so that the state of the entry may be unknown. */
let unanswered: boolean;

beforeEach(() => {
  visited.clear();
});

/** The directory with its faults, and another client that writes in between. */
function begin({ lucks, fencing, postRead }: World): void {
  let now = 1_000_000;
  directory = new MemoryDirectory(() => now);
  directory.fencing = fencing;
  directory.postRead = postRead;
  overwritten = false;
  unanswered = false;
  const left = [...lucks];
  let next: World['lucks'][number] | undefined;
  directory.fault = ({ kind }) => {
    now += 1_000;
    if (directory.operations.length > MOST_OPERATIONS) throw new Error('it has no end');
    next = left.shift();
    if (next?.delivers === true) directory.deliver();
    // A schema refuses only writes.
    if (kind !== 'modify' && typeof next?.fault === 'object' && next.fault.code === 17) return undefined;
    if (typeof next?.fault === 'string' || next?.fault?.code === 51) unanswered = true;
    return next?.fault;
  };
  directory.meanwhile = () => {
    if (next !== undefined) write(next);
  };
}

function write({ writer, mode, active }: World['lucks'][number]): void {
  const has = directory.has('a');
  // The first entry is the one in work. Another one may have its name by now.
  const isIt = has && directory.entry('a').values('entryUUID').join().endsWith('0001');
  const request = {
    sstProvisioningMode: mode,
    sstProvisioningState: '0',
    sstProvisioningDate: '0',
    sstIsActive: active,
  };
  switch (writer) {
    case 'nobody':
      return;
    case 'describe':
      if (has) directory.write('a', { description: String(directory.operations.length) });
      return;
    case 'rename':
      if (has && !directory.has('b')) directory.rename('a', 'b');
      return;
    case 'ask':
      if (has) directory.write('a', request);
      break;
    case 'claim':
      if (!has) return;
      directory.write('a', request);
      directory.write('a', {
        sstProvisioningMode: WORDS[mode].inWork,
        sstProvisioningReturnValue: [],
        sstProvisioningDate: directory.fencing === 'token' ? '19990101' : '0',
      });
      break;
    case 'remove':
      if (has) directory.remove('a');
      break;
    case 'recreate':
      if (has) directory.remove('a');
      directory.create('a', request);
      break;
  }
  overwritten ||= isIt;
}

/** The leases, of which another service has the one in question at first now and then. */
function leasesOf({ instances, lucks }: World): Leases {
  if (instances === 'one') return NO_LEASES;
  let isHeld = false;
  const others = lucks.length % 3;
  let tries = 0;
  return {
    ...NO_LEASES,
    isHeld: () => isHeld,
    take: async () => {
      isHeld = tries++ >= others;
      if (!isHeld) return { is: 'foreign', lease: readLease(['held another job turn 1000']), duration: 1_000 };
      return { is: 'held' };
    },
    // A claim of somebody else is that of a service that has taken the lease over.
    renew: async () => !overwritten,
  };
}

const TOKEN = '10000101';

const pause = () => Promise.resolve();

/** An account that was found in work is decided again. */
function isHandedOn(result: ClaimResult): boolean {
  return result.kind === 'notNow' && readMode(result.record.mode)?.phase === 'inWork';
}

describe('the claim, whatever the network and others do', () => {
  it('ends, and says that the account is claimed only where it stands so, under its fence', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        begin(given);
        const { mode, instances } = given;
        const entry = directory.create('a', { sstProvisioningMode: mode, sstIsActive: 'FALSE' });
        const stage = new Stage({ directory, instances, leases: leasesOf(given) });
        const result = await claimAccount(stage.candidate(entry), 'job', stage.turnDependencies, pause);
        directory.fault = () => undefined;
        const stands = ['a', 'b'].filter((uid) => directory.has(uid)).map((uid) => directory.entry(uid));
        const same = stands.find((each) => each.values('entryUUID')[0]?.equals(entry.values('entryUUID')[0]!));
        if (result.kind === 'claimed') {
          expect(same, 'the entry that was claimed is gone').toBeDefined();
          const record = stage.record(same!);
          expect(record.mode).toBe(WORDS[result.mode].inWork);
          if (result.fence.by === 'version') expect(record.entryCSN).toBe(result.fence.entryCSN);
          if (result.fence.by === 'token') expect(record.date?.value).toBe(result.fence.token);
        } else if (!unanswered && result.kind !== 'refused' && !isHandedOn(result)) {
          const isLeft = stands.some(
            (each) =>
              stage.record(each).modifiedBy?.startsWith('cn=service') &&
              readMode(stage.record(each).mode)?.phase === 'inWork',
          );
          expect(isLeft, 'a claim was left behind').toBe(false);
        }
      }),
      OPTIONS,
    );
    const states = ['reading', 'judging', 'asking', 'leasing', 'sending', 'verifying', 'undoing', 'pausing'];
    expect([...visited.keys()].sort()).toEqual(states.map((at) => `claim ${at}`).sort());
  });
});

/** An account after its claim. */
function claimedJob(mode: Mode, stage: Stage): ClaimedJob {
  const { open } = stage;
  const entry = directory.create('a', {
    sstProvisioningMode: WORDS[mode].inWork,
    sstProvisioningDate: directory.fencing === 'token' ? TOKEN : '0',
    sstIsActive: 'FALSE',
  });
  const record = stage.record(entry);
  const { entryUUID: id = '', entryCSN } = record;
  const fence: Fence =
    entryCSN === undefined ? { by: 'token', token: TOKEN, restored: '0' } : { by: 'version', entryCSN };
  open.claiming(id, record, fence);
  open.wrote(id, record, { working: true, made: entryCSN });
  return { id: 'job-1', mode, record, entry, fence, claimedAt: Date.now(), attempt: 1, resumed: false, lost: 0 };
}

describe('the write-back, whatever the network and others do', () => {
  it('ends, writes what it says that it has written, and nothing over what others asked or claimed', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.boolean(), async (given, isSuccess) => {
        begin(given);
        const { mode, instances } = given;
        const stage = new Stage({ directory, instances, leases: leasesOf(given) });
        const told = directory.watch().subscribe((change) => {
          if (change.kind === 'left') stage.open.left(change.dn, change.entryUUID);
          else if (change.kind === 'entry') stage.open.seen(stage.record(change.entry));
        });
        const job = claimedJob(mode, stage);
        const id = job.record.entryUUID ?? '';
        const outcome = isSuccess ? SUCCEEDED : failed(5);
        const result = await writeOutcome(
          id,
          { job, outcome, tries: 0, milliseconds: 0 },
          stage.turnDependencies,
          pause,
        );
        told.unsubscribe();
        if (result.kind === 'written') {
          expect(overwritten && !unanswered, 'written over what somebody else wrote').toBe(false);
        } else if (!overwritten && !unanswered) {
          expect(result.kind, 'nobody stood in the way').toBe('refused');
        }
      }),
      OPTIONS,
    );
    expect([...visited.keys()].filter((key) => key.startsWith('writeBack')).sort()).toEqual(
      ['pausing', 'reading', 'sending'].map((at) => `writeBack ${at}`),
    );
  });
});
