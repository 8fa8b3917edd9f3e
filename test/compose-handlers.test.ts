import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../config/load-config.ts';
import { composeHandlers } from '../src/compose-handlers.ts';
import { entryOf } from '../src/domain/entry.ts';
import type { Job } from '../src/domain/job.ts';
import type { Mode } from '../src/domain/mode.ts';
import { createScriptRunner } from '../src/script/script-runner.ts';

const runner = createScriptRunner({ launcher: 'none', base: 'dc=example', onNotice: () => {} });
afterAll(() => runner.close());

const CONFIGURATION = `
directory: { url: ldap://127.0.0.1, base: "dc=example" }
timeZone: Asia/Tokyo
quota: { attribute: sstQuota }
script:
  command: [env, "SEEN={uid}"]
  perMode: { delete: [echo, "gone {uid}"] }
  path: /usr/local/bin:/usr/bin:/bin
  language: de_CH.UTF-8
`;

async function outputOf(mode: Mode): Promise<string[]> {
  const dn = 'uid=3724300,dc=example';
  const entry = entryOf(dn, { uid: '3724300', sstQuota: '1024' });
  const values = { uid: '3724300', state: '0', date: undefined, active: true, returnValue: undefined };
  const record = { dn, entryUUID: undefined, mode, modifiedAt: undefined, ...values };
  const job: Job = { id: 'job', mode, record, entry, attempt: 1, resumed: false, lost: 0 };
  const lines: string[] = [];
  const handlers = composeHandlers(parseConfig(CONFIGURATION, {}, 'test.yaml'), runner);
  const step = handlers[mode].steps.find(({ name }) => name === 'script');
  const signal = new AbortController().signal;
  await step?.run(job, { signal, report: (event) => event.event === 'output' && lines.push(event.line) });
  return lines;
}

describe('the handlers of a site', () => {
  it('give the script the surroundings that the settings say', async () => {
    expect(await outputOf('add')).toEqual(
      expect.arrayContaining([
        'PATH=/usr/local/bin:/usr/bin:/bin',
        'LANG=de_CH.UTF-8',
        'TZ=Asia/Tokyo',
        'PROV_QUOTA=1024',
      ]),
    );
  });

  it('run the command of the mode where there is one', async () => {
    expect(await outputOf('delete')).toEqual(['gone 3724300']);
  });
});
