import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { setUpService } from '../support/running-service.ts';
import { ServiceTraces } from '../support/service-traces.ts';
import type { TestDirectory } from '../support/test-directory.ts';
import { SERVERS } from './servers.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

/**
 * Outer spaces are ignored, any other blank is part of the value, whatever matching the server has.
 */
const DUE = [{}, ...['0 ', ' 0'].map((state) => ({ sstProvisioningState: state })), { sstProvisioningMode: ' Add ' }];
const NOT_WORKABLE = [
  ...['\t0', '0\t', '0\n', '\v0', '0\u00a0', '\ufeff0'].map((state) => ({ sstProvisioningState: state })),
  ...['\tadd', 'add\t', 'add\u00a0'].map((mode) => ({ sstProvisioningMode: mode })),
];
const ACCOUNTS = [
  ...DUE.map((account) => ({ account, due: true })),
  ...NOT_WORKABLE.map((account) => ({ account, due: false })),
];

describe.each(SERVERS)('values with blanks around them on $name', ({ start, ways }) => {
  let directory: TestDirectory;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const started = await start();
    directory = started.directory;
    stop = () => started.stop();
  });
  afterAll(() => stop?.());

  // Starts a process for each account.
  it('are judged alike by the service, explain and verify', { timeout: 120_000 }, async () => {
    const { url } = directory.login;
    const service = await setUpService({ url, script: 'echo "$2" >> "$FOLDER/runs"', flags: ['--json'] });
    // `auto` takes the first way. An account that comes twice may be met again when it is finished.
    const traces = new ServiceTraces(service, ways[0]?.listsTwice ? /^conflict / : undefined);
    const command = async (name: string, ...args: string[]) =>
      (await attempt(process.execPath, [MAIN, name, '-c', service.configFile, ...args])).stdout;
    try {
      const uids = ACCOUNTS.map((_, index) => String(3_724_300 + index));
      for (const [index, { account }] of ACCOUNTS.entries()) {
        await directory.addAccount(uids[index] ?? '', { ...OPEN, ...account });
      }
      const due = uids.filter((_, index) => ACCOUNTS[index]?.due);
      const explained = await Promise.all(uids.map((uid) => command('explain', uid)));
      expect(uids.filter((_, index) => /would claim it/.test(explained[index] ?? ''))).toEqual(due);
      expect(explained.filter((said) => /another blank that is part of the value/.test(said))).toHaveLength(
        NOT_WORKABLE.length,
      );
      const open = (await command('verify')).matchAll(/^open +(\d+)/gm);
      expect([...open].map(([, uid]) => uid).sort()).toEqual(due);

      await service.start();
      await Promise.all(due.map((uid) => traces.ends(uid, 'finished mode=added')));
      expect(traces.pinned).toMatchSnapshot();
      await service.stop();
      const worked = await Promise.all(uids.map((uid) => directory.read(uid)));
      expect(uids.filter((_, index) => worked[index]?.values('sstProvisioningMode')[0]?.equals(ADDED))).toEqual(due);
    } finally {
      await service.remove();
    }
  });
});

const ADDED = Buffer.from('added');
