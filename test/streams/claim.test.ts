import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import type { Candidate } from '../../streams/candidate.ts';
import { claimAccount } from '../../streams/operators/claim.ts';
import type { ClaimResult } from '../../streams/turn/claim-state.ts';
import { type Content, type Fault, MemoryDirectory, type Operation } from '../support/memory-directory.ts';
import { Stage } from '../support/stage.ts';

let now: number;
let directory: MemoryDirectory;
let conflicts: string[];
let waits: number;

beforeEach(() => {
  now = 1_000_000;
  directory = new MemoryDirectory(() => now);
  conflicts = [];
  waits = 0;
});

interface Setting {
  readonly instances?: 'one' | 'several';
  readonly today?: string;
  readonly ownWork?: Candidate['ownWork'];
  readonly fresh?: boolean;
  readonly claiming?: (record: AccountRecord) => void;
}

async function claim(entry: DirectoryEntry, setting: Setting = {}): Promise<ClaimResult> {
  const stage = new Stage({
    directory,
    instances: setting.instances ?? 'one',
    today: () => setting.today ?? '20261123',
  });
  const seen = stage.candidate(entry, setting.ownWork);
  const candidate = setting.fresh === undefined ? seen : { ...seen, fresh: setting.fresh };
  const { claiming } = setting;
  if (claiming !== undefined) vi.spyOn(stage.open, 'claiming').mockImplementation((_, record) => claiming(record));
  return outcomeOf(stage, candidate, async (failures) => {
    waits = failures;
    if (failures > 20) throw new Error('waits for ever');
  });
}

/** Runs a claim and records its pauses. Rejects if the directory refuses it finally. */
async function outcomeOf(
  stage: Stage,
  candidate: Candidate,
  pause: (failures: number) => Promise<void>,
): Promise<ClaimResult> {
  try {
    const result = await claimAccount(candidate, 'job', stage.turnDependencies, pause);
    if (result.kind === 'refused') throw result.error;
    return result;
  } finally {
    for (const event of stage.events) if (event.event === 'conflict') conflicts.push(event.reason);
  }
}

function faultAt(nth: number, fault: Fault): void {
  let count = 0;
  directory.fault = ({ kind }: Operation) => {
    if (kind === 'modify') count += 1;
    return kind === 'modify' && count === nth ? fault : undefined;
  };
}

/** Another client writes right before the service's nth modify is done. */
function writtenBefore(nth: number, content: Content): void {
  let count = 0;
  directory.meanwhile = ({ kind }) => {
    if (kind !== 'modify') return;
    count += 1;
    if (count === nth) directory.write('a', content);
  };
}

const DELETE: Content = { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' };

describe('a claim', () => {
  it('is one modify, and tells before it how the account will stand', async () => {
    const told: string[] = [];
    const result = await claim(directory.create('a'), {
      claiming: ({ mode }) => told.push(`${mode}, while it says ${directory.mode('a')}`),
    });
    expect(result).toMatchObject({ kind: 'claimed', how: 'claim', mode: 'add', record: { mode: 'adding' } });
    expect(told).toEqual(['adding, while it says add']);
    expect(directory.operations).toHaveLength(1);
  });

  it('reads first what was seen some time ago', async () => {
    const entry = directory.create('a');
    directory.write('a', { sstProvisioningMode: 'modify' });
    expect(await claim(entry, { fresh: false })).toMatchObject({ kind: 'claimed', mode: 'modify' });
    expect(directory.operations.map(({ kind }) => kind)).toEqual(['read', 'modify']);
  });

  it('takes the newer request where that was written before the claim', async () => {
    const entry = directory.create('a');
    writtenBefore(1, { sstProvisioningMode: 'modify' });
    expect(await claim(entry)).toMatchObject({ kind: 'claimed', how: 'claim', mode: 'modify' });
    expect(conflicts).toEqual(['somebody else changed the account before it was claimed']);
    expect(directory.mode('a')).toBe('modifying');
  });

  it('does not claim what was dated to another day right before', async () => {
    const entry = directory.create('a');
    writtenBefore(1, { sstProvisioningDate: '20270101' });
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'defer', until: '20270101' } });
    expect(directory.mode('a')).toBe('add');
  });

  it('leaves what somebody else finished meanwhile', async () => {
    const entry = directory.create('a');
    writtenBefore(1, { sstProvisioningMode: 'added', sstProvisioningState: '20261123T101112Z' });
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'noRequest' } });
  });

  it('finds that the entry is gone', async () => {
    const entry = directory.create('a');
    directory.remove('a');
    expect(await claim(entry)).toEqual({ kind: 'gone' });
  });

  it('finds that the entry cannot be worked on any more', async () => {
    const entry = directory.create('a');
    directory.write('a', { sstProvisioningDate: 'tomorrow' });
    expect(await claim(entry, { fresh: false })).toMatchObject({ kind: 'unworkable' });
  });

  it('follows an entry that was moved and kept its uid', async () => {
    const entry = directory.create('a');
    directory.remove('a');
    directory.create('other', { uid: 'a' }, 'uid=a,ou=elsewhere,dc=example,dc=org');
    const moved = directory.entries()[0] as DirectoryEntry;
    expect(await claim(moved)).toMatchObject({ kind: 'claimed', record: { uid: 'a' } });
    expect(entry.dn).not.toBe(moved.dn);
  });

  it("lets an entry that was renamed to another uid have that uid's turn", async () => {
    const entry = directory.create('a');
    directory.rename('a', 'b');
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', record: { uid: 'b', mode: 'add' } });
    expect(directory.mode('b')).toBe('add');
  });

  it('lets an entry that was deleted and created again have its own turn', async () => {
    const entry = directory.create('a');
    directory.remove('a');
    const created = directory.create('a');
    const result = await claim(entry, { fresh: false });
    expect(result).toMatchObject({ kind: 'notNow' });
    expect((result as { record: AccountRecord }).record.entryUUID).toBe(created.values('entryUUID')[0]?.toString());
    expect(directory.mode('a')).toBe('add');
  });

  it.each([17, 65])('goes without the return value where the schema refuses it with %i', async (code) => {
    directory.fault = ({ modifications }) =>
      modifications.some(({ attribute }) => attribute === 'sstProvisioningReturnValue') ? { code } : undefined;
    expect(await claim(directory.create('a'))).toMatchObject({ kind: 'claimed' });
  });

  it('rejects with what the directory refuses', async () => {
    faultAt(1, { code: 50 });
    await expect(claim(directory.create('a'))).rejects.toMatchObject({ resultCode: 50 });
  });

  it('gives up a directory that contradicts itself, instead of asking forever', async () => {
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 16 } : undefined);
    await expect(claim(directory.create('a'))).rejects.toBeInstanceOf(DirectoryError);
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 32 } : undefined);
    await expect(claim(directory.create('b'))).rejects.toBeInstanceOf(DirectoryError);
  });

  it('gives up if each claim is followed by a new request at once, instead of holding its slot forever', async () => {
    directory.postRead = false;
    const entry = directory.create('a');
    directory.meanwhile = ({ kind }) => {
      if (kind === 'read') directory.write('a', { sstProvisioningMode: 'add' });
    };
    await expect(claim(entry)).rejects.toThrow('right after it was claimed');
    expect(conflicts.length).toBeLessThan(50);
  });

  it('goes on where its answer was lost, for a single service', async () => {
    faultAt(1, 'lostAfter');
    expect(await claim(directory.create('a'))).toMatchObject({ kind: 'claimed', how: 'resume', mode: 'add' });
    expect(waits).toBe(1);
  });

  it('claims again where the request was lost', async () => {
    faultAt(1, 'lostBefore');
    expect(await claim(directory.create('a'))).toMatchObject({ kind: 'claimed', how: 'claim' });
  });
});

describe('the claim of a delete', () => {
  beforeEach(() => {
    directory.fencing = 'token';
  });

  it('does not happen where the account became active right before, and a claim names its version', async () => {
    directory.fencing = 'version';
    const entry = directory.create('a', DELETE);
    writtenBefore(1, { sstIsActive: 'TRUE' });
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'wait' } });
    expect(directory.operations.map(({ kind }) => kind)).toEqual(['modify', 'read']);
  });

  it('waits for an account that is active', async () => {
    const result = await claim(directory.create('a', { sstProvisioningMode: 'delete' }));
    expect(result).toMatchObject({ kind: 'notNow', decision: { kind: 'wait' } });
  });

  it('is taken back where the account became active right before', async () => {
    const entry = directory.create('a', DELETE);
    writtenBefore(1, { sstIsActive: 'TRUE' });
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'wait' } });
    expect(directory.mode('a')).toBe('delete');
    expect(conflicts).toEqual(['the account became active before it was claimed for delete']);
  });

  it.each(['lostBefore', 'lostAfter'] as const)('is taken back also where taking it back is %s', async (fault) => {
    const entry = directory.create('a', DELETE);
    writtenBefore(1, { sstIsActive: 'TRUE' });
    faultAt(2, fault);
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'wait' } });
    expect(directory.mode('a')).toBe('delete');
  });

  it('is taken back where its answer was lost and the account became active', async () => {
    const entry = directory.create('a', DELETE);
    writtenBefore(1, { sstIsActive: 'TRUE' });
    faultAt(1, 'lostAfter');
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'wait' } });
    expect(directory.mode('a')).toBe('delete');
  });

  it('leaves a newer request that was written before it was taken back', async () => {
    const entry = directory.create('a', DELETE);
    let modifies = 0;
    directory.meanwhile = ({ kind }) => {
      if (kind !== 'modify') return;
      modifies += 1;
      if (modifies === 1) directory.write('a', { sstIsActive: 'TRUE' });
      if (modifies === 2) directory.write('a', { sstProvisioningMode: 'modify' });
    };
    expect(await claim(entry)).toMatchObject({ kind: 'claimed', mode: 'modify' });
  });
});

describe('the answer to a claim', () => {
  it('speaks of the entry that was asked for, however it spells the DN', async () => {
    const entry = directory.create('a');
    const stage = new Stage({ directory });
    const client = directory.client();
    const damaged = {
      ...client,
      modify: async (...asked: Parameters<typeof client.modify>) => {
        const after = await client.modify(...asked);
        return after === undefined ? undefined : { ...after, dn: 'uid=a,dc=damaged' };
      },
    };
    const turnDependencies = { ...stage.turnDependencies, directory: damaged };
    const result = await claimAccount(stage.candidate(entry), 'job', turnDependencies, async () => {});
    expect(result).toMatchObject({ kind: 'claimed', record: { dn: entry.dn } });
  });
});

describe('an account that became that of another user number right before it was claimed', () => {
  it.each(['version', 'token'] as const)('is judged again by the host (fenced by a %s)', async (fencing) => {
    directory.fencing = fencing;
    const entry = directory.create('a', { uidNumber: '5000' });
    writtenBefore(1, { uidNumber: '6000' });
    const asked: Array<string | undefined> = [];
    const stage = new Stage({ directory });
    const objection = async ({ uidNumber }: AccountRecord) => {
      asked.push(uidNumber);
      return uidNumber === '6000' ? 'this host knows a by the number 5000' : undefined;
    };
    const result = await claimAccount(
      stage.candidate(entry),
      'job',
      { ...stage.turnDependencies, objection },
      async () => {},
    );
    expect(asked).toEqual(['5000', '6000']);
    expect(result).toMatchObject({ kind: 'unworkable', reason: 'this host knows a by the number 5000' });
    expect(directory.mode('a')).toBe('add');
  });
});

describe('an entry that was created again under the DN of the one that was seen', () => {
  it('is handed back as it was asked for, when the claim met it by mistake', async () => {
    directory.fencing = 'token';
    const entry = directory.create('a');
    directory.remove('a');
    directory.create('a');
    const result = await claim(entry);
    expect(result).toMatchObject({ kind: 'notNow', decision: { kind: 'claim' } });
    expect((result as { record: AccountRecord }).record.entryUUID).not.toBe(String(entry.values('entryUUID')[0]));
    expect(directory.mode('a')).toBe('add');
    expect(conflicts).toEqual(['the entry was renamed, or deleted and created again, before it was claimed']);
  });

  it('is not claimed by mistake where a claim names the version that it was decided on', async () => {
    const entry = directory.create('a');
    directory.remove('a');
    directory.create('a');
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'claim' } });
    expect(directory.mode('a')).toBe('add');
  });

  it('is left to the service that claimed it meanwhile, if the server does not answer with the entry', async () => {
    directory.fencing = 'token';
    directory.postRead = false;
    const entry = directory.create('a');
    directory.remove('a');
    directory.create('a');
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'resume' } });
    expect(directory.mode('a')).toBe('adding');
  });
});

describe('an account found in work', () => {
  const IN_WORK: Content = { sstProvisioningMode: 'adding' };

  it('is resumed by a single service, as it stands now, by a write of its own', async () => {
    const result = await claim(directory.create('a', IN_WORK));
    expect(result).toMatchObject({ kind: 'claimed', how: 'resume' });
    expect(directory.operations.map(({ kind }) => kind)).toEqual(['modify']);
  });

  it('is not resumed where its attempt failed', async () => {
    const entry = directory.create('a', { ...IN_WORK, sstProvisioningReturnValue: '5' });
    expect(await claim(entry)).toMatchObject({ kind: 'notNow', decision: { kind: 'failed' } });
  });
});
