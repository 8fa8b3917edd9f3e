import { describe, expect, it, vi } from 'vitest';
import { applyLdif, GivenUp, type LdifTarget, type RecordReport } from '../../src/ldif/apply-ldif.ts';
import { recordsOf, streamed } from '../support/ldif-records.ts';

const FILE = [
  'dn: cn=a',
  'changetype: delete',
  '',
  'dn: cn=b',
  'changetype: delete',
  '',
  'dn: cn=c',
  'changetype: delete',
];

function target(refused: readonly string[] = [], error: Error = new Error('refused')) {
  const done: string[] = [];
  const apply: LdifTarget['apply'] = async ({ dn, change }) => {
    if (refused.includes(dn)) throw error;
    done.push(`${change.kind} ${dn}`);
  };
  return { target: { apply }, done };
}

async function applyLines(lines: readonly string[], to: LdifTarget, continueOnError = false) {
  const reports: RecordReport[] = [];
  const counts = await applyLdif(streamed(recordsOf(Buffer.from(lines.join('\n')))), async () => to, {
    continueOnError,
    report: (report) => reports.push(report),
  });
  return { counts, lines: reports.map(({ number, line, error }) => [number, line, error === undefined]) };
}

describe('applying LDIF', () => {
  it('applies the records in their order and reports each', async () => {
    const { target: to, done } = target();
    expect(await applyLines(FILE, to)).toEqual({
      counts: { applied: 3, failed: 0, stoppedAt: undefined },
      lines: [
        [1, 1, true],
        [2, 4, true],
        [3, 7, true],
      ],
    });
    expect(done).toEqual(['delete cn=a', 'delete cn=b', 'delete cn=c']);
  });

  it('stops at the first record that is refused', async () => {
    const { target: to, done } = target(['cn=b']);
    expect(await applyLines(FILE, to)).toEqual({
      counts: { applied: 1, failed: 1, stoppedAt: 4 },
      lines: [
        [1, 1, true],
        [2, 4, false],
      ],
    });
    expect(done).toEqual(['delete cn=a']);
  });

  it('continues after it if asked to', async () => {
    const { target: to, done } = target(['cn=b']);
    expect((await applyLines(FILE, to, true)).counts).toMatchObject({ applied: 2, failed: 1 });
    expect(done).toEqual(['delete cn=a', 'delete cn=c']);
  });

  it('stops, told to go on or not, when the directory is given up', async () => {
    const { target: to, done } = target(['cn=b'], new GivenUp('away'));
    expect((await applyLines(FILE, to, true)).counts).toEqual({ applied: 1, failed: 1, stoppedAt: 4 });
    expect(done).toEqual(['delete cn=a']);
  });

  it('takes a record that cannot be read for one that failed', async () => {
    const file = ['dn: cn=d', 'nonsense', '', ...FILE];
    const { target: to, done } = target();
    expect(await applyLines(file, to)).toEqual({
      counts: { applied: 0, failed: 1, stoppedAt: 1 },
      lines: [[1, 2, false]],
    });
    expect(done).toEqual([]);
    expect((await applyLines(file, to, true)).counts).toMatchObject({ applied: 3, failed: 1 });
  });

  it('asks for the directory when there is something for it, and ends where there is none', async () => {
    const connect = vi.fn(() => Promise.reject(new Error('away')));
    const apply = (lines: readonly string[]) =>
      applyLdif(streamed(recordsOf(Buffer.from(lines.join('\n')))), connect, {
        continueOnError: true,
        report: () => {},
      });
    expect(await apply(['dn: cn=d', 'nonsense'])).toMatchObject({ applied: 0, failed: 1 });
    expect(connect).not.toHaveBeenCalled();
    await expect(apply(FILE)).rejects.toThrow('away');
    expect(connect).toHaveBeenCalledOnce();
  });
});
