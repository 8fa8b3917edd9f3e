import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

let slapd: Slapd;
let service: RunningService;
beforeAll(async () => {
  slapd = await startSlapd();
  service = await setUpService({ url: slapd.url, script: 'exit 0' });
});
afterAll(async () => {
  await service.remove();
  await slapd.stop();
});

/** Checks a unit with these settings besides those without which no unit is right. */
async function check(...settings: readonly string[]) {
  const unit = join(slapd.folder, 'prov.service');
  const command = `ExecStart=prov-backup-rsnapshot run -c ${service.configFile}`;
  writeFileSync(unit, ['[Service]', command, 'KillMode=mixed', ...settings, ''].join('\n'));
  return attempt(process.execPath, [MAIN, 'check', '-c', service.configFile, '--unit', unit]);
}

it('check --unit holds where the unit lets the service work', async () => {
  expect(await check()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok +unit: stop: /m) });
});

it('check --unit fails where the unit does not, though all else holds', async () => {
  const { code, stdout } = await check('PrivateTmp=yes');
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^fail +unit: script\.command: .* is hidden from the service and its scripts \(PrivateTmp=yes\)/m,
  );
  expect(stdout.match(/^fail/gm)?.length).toBe(stdout.match(/^fail +unit: /gm)?.length);
});
