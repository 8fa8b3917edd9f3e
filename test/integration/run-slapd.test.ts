import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

let slapd: Slapd;
let service: RunningService | undefined;

beforeAll(async () => {
  slapd = await startSlapd();
});

afterAll(async () => {
  await slapd?.stop();
});

afterEach(async () => {
  await service?.remove();
  service = undefined;
});

describe('the service, on a real slapd', () => {
  it('takes an account through add, modify and delete, each with one run of the script and two modifies', async () => {
    service = await setUpService({
      url: slapd.url,
      script: 'echo "$@" >> "$FOLDER/runs"; echo working on "$PROV_UID"',
    });
    await service.start();
    await slapd.addAccount('3724300', {
      sstProvisioningMode: 'add',
      sstProvisioningState: '0',
    });
    const added = await slapd.waitForMode('3724300', 'added');
    expect(text(added, 'sstProvisioningState')).toMatch(/^\d{8}T\d{6}Z$/);
    expect(text(added, 'sstProvisioningReturnValue')).toBe('0');

    await slapd.request('3724300', 'modify');
    await slapd.waitForMode('3724300', 'modified');
    await slapd.request('3724300', 'delete');
    await service.says(/waiting .*delete waits until it is FALSE/);
    await slapd.request('3724300', 'delete', { sstIsActive: 'FALSE' });
    await slapd.waitForMode('3724300', 'deleted');

    expect(await readFile(join(service.folder, 'runs'), 'utf8')).toBe('add 3724300\nmodify 3724300\ndelete 3724300\n');
    expect(service.output).toMatch(/output .*working on 3724300/);
    expect(await service.stop()).toBe(0);
  });
});
