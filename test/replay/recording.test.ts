import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import { decodeLine, encodeGap, encodeHeader, encodePureStep } from '../../src/replay/recording.ts';
import type { ClaimInput, ClaimMemory } from '../../streams/turn/claim-state.ts';
import type { Failed } from '../../streams/turn/machine.ts';
import type { PureStep } from '../../streams/turn/pure-steps.ts';
import { accountRecord } from '../support/account-record.ts';
import { NAMES, RULES } from '../support/accounts.ts';

const TIME = '2026-03-01T02:00:00.000Z';
const memory: ClaimMemory = {
  candidate: { id: '1', record: accountRecord(), fresh: true },
  ...{ withReturnValue: true, unanswered: false, tokens: [], undo: undefined, attempt: 1, failures: 0, conflicts: 0 },
};
const claimStep = (input: ClaimInput | Failed): PureStep => ({
  ...{ step: 'stepClaim', uid: '1', job: 'job-1', state: { at: 'reading', memory }, input },
  next: { notes: [], result: { kind: 'gone' } },
});

function brought(input: ClaimInput | Failed): ClaimInput | Failed {
  const text = encodePureStep(TIME, claimStep(input), NAMES);
  expect(text).not.toContain('\n');
  const line = decodeLine(text);
  if (!('step' in line) || line.step !== 'stepClaim') throw new Error(text);
  return line.input;
}

function shown(entry: DirectoryEntry): DirectoryEntry {
  const input = brought({ got: 'entry', entry });
  if (input.got !== 'entry' || input.entry === undefined) throw new Error('no entry');
  return input.entry;
}

/** The attributes that are kept as they are. */
const keptOf = (entry: DirectoryEntry) => [...entry.attributes()].filter(([name]) => name !== 'x-other-attributes');
const othersOf = (entry: DirectoryEntry) => shown(entry).values('x-other-attributes')[0]?.toString();

const bytes = fc.oneof(
  fc.string().map((text) => Buffer.from(text, 'utf8')),
  fc.uint8Array().map((array) => Buffer.from(array)),
);

describe('a step of a recording', () => {
  it('brings every value of an entry back byte by byte, and stays one line', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(bytes, { minLength: 1 }), (dn, uids) => {
        const entry = entryOf(dn, { uid: uids, sstProvisioningMode: 'add' });
        expect(keptOf(shown(entry))).toEqual([...entry.attributes()]);
        expect(shown(entry).dn).toBe(dn);
      }),
    );
  });

  it('keeps that an entry could not be read', () => {
    expect(shown(entryOf('uid=1', {}, 'too large'))).toMatchObject({ dn: 'uid=1', unreadable: 'too large' });
  });

  it('keeps of an entry only what steps go by, and whether anything else has changed', () => {
    const entry = (quota: string) =>
      entryOf('uid=1', { uid: '1', userPassword: 'hunter2', sstQuota: quota, SSTPROVISIONINGMODE: 'add' });
    const input = { got: 'entry', entry: entry('5') } as const;
    expect(encodePureStep(TIME, claimStep(input), NAMES)).not.toMatch(/hunter2|sstQuota/);
    expect(keptOf(shown(entry('5'))).map(([name]) => name)).toEqual(['uid', 'SSTPROVISIONINGMODE']);
    expect(othersOf(entry('5'))).toBe(othersOf(entry('5')));
    expect(othersOf(entry('5'))).not.toBe(othersOf(entry('6')));
  });

  it('keeps what an error is judged and told by', () => {
    const error = new DirectoryError('no answer', { remedy: 'start the server', cause: new Error('reset') });
    const refused = new DirectoryError('refused', { resultCode: 50 });
    const sentences = [error, refused].map((each) => {
      const input = brought({ got: 'error', error: each });
      return input.got === 'error' ? [input.error.sentence, input.error.resultCode] : [];
    });
    expect(sentences).toEqual([
      ['no answer; start the server', undefined],
      ['refused', 50],
    ]);
  });

  it('keeps that a delete waits without end', () => {
    const circumstances = { today: '20260301', othersTimeLeft: -1, behindTimeLeft: Infinity };
    const next = { kind: 'noRequest', reason: 'r' } as const;
    const record = accountRecord();
    const text = encodePureStep(
      TIME,
      { step: 'decide', uid: '1', purpose: 'seen', record, circumstances, next },
      NAMES,
    );
    expect(decodeLine(text)).toMatchObject({ circumstances: { othersTimeLeft: -1, behindTimeLeft: Infinity } });
  });
});

describe('a line of a recording', () => {
  it('is a header with the settings, or tells how many are missing', () => {
    const schedule = { attempts: 1, initial: 1, max: 1 };
    const settings = {
      attributes: NAMES,
      accounts: { ...RULES, homeRoot: '/srv', homeLayout: '*/{uid}' },
      instances: 'one' as const,
      retry: { temporary: schedule, script: schedule },
    };
    expect(decodeLine(encodeHeader(TIME, '1.0.0', settings))).toMatchObject({ time: TIME, version: '1.0.0', settings });
    expect(decodeLine(encodeGap(TIME, 7))).toEqual({ time: TIME, gap: 7 });
  });

  it.each([
    ['nothing of a recording', '{"hello":1}', 'time'],
    ['a number', '7', 'not a line of a recording'],
    ['half a line', '{"time":"2026', 'not a line of a recording'],
    ['another format', '{"record":"prov-backup-rsnapshot","format":99}', 'format: only 7 can be replayed'],
    ['a format of before', '{"record":"prov-backup-rsnapshot","format":6}', 'format: only 7 can be replayed'],
    ['no time', '{"step":"decide"}', 'time'],
    ['another step', `{"time":"${TIME}","step":"guess"}`, 'step'],
    ['a step of no account', `{"time":"${TIME}","step":"decide"}`, 'uid'],
    ['an entry without a DN', `{"time":"${TIME}","step":"decide","uid":"1","entry":{"$entry":{}}}`, '$entry.dn'],
    ['an error without a message', `{"time":"${TIME}","step":"decide","uid":"1","error":{"$error":7}}`, '$error'],
  ])('is refused where it holds %s', (_title, text, words) => {
    expect(() => decodeLine(text)).toThrow(words);
  });
});
