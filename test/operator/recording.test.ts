import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DirectoryChange } from '../../src/domain/change.ts';
import { entryOf } from '../../src/domain/entry.ts';
import { decodeLine, encodeLine, type RecordLine } from '../../src/operator/recording.ts';

const NAMES = {
  mode: 'sstProvisioningMode',
  state: 'sstProvisioningState',
  date: ['sstProvisioningDate'],
  active: 'sstIsActive',
  returnValue: 'sstProvisioningReturnValue',
  executionTime: null,
};
const TIME = '2026-03-01T02:00:00.000Z';

const bytes = fc.oneof(
  fc.string().map((text) => Buffer.from(text, 'utf8')),
  fc.uint8Array().map((array) => Buffer.from(array)),
);

const attributesOf = (line: RecordLine) =>
  line.kind === 'change' && line.change.kind === 'entry' ? [...line.change.entry.attributes()] : [];

describe('a line of a record', () => {
  it('brings every value back byte by byte, and stays one line', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(bytes, { minLength: 1 }), (dn, uids) => {
        const entry = entryOf(dn, { uid: uids, sstProvisioningMode: 'add' });
        const text = encodeLine({ kind: 'change', time: TIME, change: { kind: 'entry', change: 'add', entry } }, NAMES);
        expect(text).not.toContain('\n');
        const line = decodeLine(text);
        expect(attributesOf(line)).toEqual([...entry.attributes()]);
        expect(line).toMatchObject({
          kind: 'change',
          time: TIME,
          change: { kind: 'entry', change: 'add', entry: { dn } },
        });
      }),
    );
  });

  it('keeps where the homes are, and reads one of a version that knew no layout', () => {
    const settings = {
      attributes: NAMES,
      accounts: { lowestUidNumber: 1000, homeRoot: '/srv', homeLayout: '*/{uid}' },
      timeZone: 'UTC',
      concurrency: 1,
      instances: 'one' as const,
      retry: {
        temporary: { attempts: 1, initial: 1, max: 1 },
        script: { attempts: 1, initial: 1, max: 1 },
      },
      longestHandlerMilliseconds: 1,
      behindAfterMilliseconds: 1,
      dryRun: false,
    };
    const text = encodeLine({ kind: 'header', time: TIME, version: '1.0.0', settings, continued: false }, NAMES);
    expect(decodeLine(text)).toMatchObject({ settings });
    expect(decodeLine(text.replace(',"homeLayout":"*/{uid}"', ''))).toMatchObject({
      settings: { accounts: { homeRoot: '/srv', homeLayout: '{uid}' } },
    });
  });

  it('keeps that an entry could not be read', () => {
    const entry = entryOf('uid=1', {}, 'too large');
    const line = decodeLine(
      encodeLine({ kind: 'change', time: TIME, change: { kind: 'entry', change: 'add', entry } }, NAMES),
    );
    expect(line).toMatchObject({ change: { entry: { dn: 'uid=1', unreadable: 'too large' } } });
  });

  it('keeps of an entry only what decisions are made by', () => {
    const entry = entryOf('uid=1', { uid: '1', userPassword: 'hunter2', sstQuota: '5', SSTPROVISIONINGMODE: 'add' });
    const text = encodeLine({ kind: 'change', time: TIME, change: { kind: 'entry', change: 'add', entry } }, NAMES);
    expect(text).not.toMatch(/hunter2|sstQuota/);
    expect(attributesOf(decodeLine(text)).map(([name]) => name)).toEqual(['uid', 'sstProvisioningMode']);
  });

  it.each<RecordLine>([
    { kind: 'outcome', time: TIME, uid: '1', outcome: { ok: true, timings: [{ name: 'script', milliseconds: 1.5 }] } },
    { kind: 'event', event: { time: TIME, event: 'deferred', until: '20990101', uid: '1', dn: 'uid=1', mode: 'add' } },
    { kind: 'answer', time: TIME, answer: { operation: 'read', target: 'uid=1' } },
    {
      kind: 'answer',
      time: TIME,
      answer: { operation: 'modify', target: 'uid=1', error: { message: 'm', resultCode: 16 } },
    },
    { kind: 'gap', time: TIME, lines: 7 },
    ...(
      [
        { kind: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP', fencing: 'version' },
        { kind: 'refreshed', entries: 3, milliseconds: 4 },
        { kind: 'left', dn: 'uid=1', entryUUID: 'u' },
        { kind: 'disconnected', url: 'ldap://a', reason: 'reset', remedy: 'wait' },
      ] as DirectoryChange[]
    ).map((change) => ({ kind: 'change', time: TIME, change }) as const),
  ])('comes back as it was: $kind', (line) => {
    expect(decodeLine(encodeLine(line, NAMES))).toEqual(line);
  });

  it.each([
    ['nothing of a record', '{"hello":1}'],
    ['a number', '7'],
    ['half a line', '{"time":"2026'],
    ['another format', '{"record":"prov-backup-rsnapshot","format":99,"time":"2026-03-01T02:00:00Z"}'],
    ['no time', '{"change":{"kind":"refreshing"}}'],
    [
      'attributes that are no lists',
      `{"time":"${TIME}","change":{"kind":"entry","entry":{"dn":"a","attributes":{"uid":"1"}}}}`,
    ],
  ])('is refused where it holds %s', (_title, text) => {
    expect(() => decodeLine(text)).toThrow();
  });
});
