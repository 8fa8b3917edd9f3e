import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { STEPS } from '../../handlers/steps/registry.ts';
import { checkStep } from '../../src/preflight/steps.ts';

function settingsWith(sections: object): Settings {
  const required = { directory: { url: 'ldap://127.0.0.1', base: 'dc=example' }, script: { command: ['/bin/true'] } };
  return parseConfig(JSON.stringify({ ...required, ...sections }), {}, 'test.yaml');
}

async function checkSteps(settings: Settings) {
  return (await Promise.all(STEPS.map((step) => checkStep(step, settings)))).flat();
}

const SCRIPT = { verdict: 'ok', what: 'script /bin/true', found: 'executable, and only its owner can change it' };

it('the steps that are switched off are not looked at', async () => {
  expect(await checkSteps(settingsWith({}))).toEqual([SCRIPT]);
});

it('each step that is switched on gets its line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines = await checkSteps(
    settingsWith({
      script: { command: ['/bin/true'], homeRoot: folder },
      userCheck: { enabled: true },
      quota: { enabled: true },
      rsnapshot: { enabled: true, directory: folder },
    }),
  );
  expect(lines.map(({ verdict, what }) => `${verdict} ${what}`)).toEqual([
    'ok script /bin/true',
    'ok user check',
    'ok home check',
    'ok quota',
    'ok rsnapshot',
  ]);
});

it('what a step lacks is a failure with its key and its remedy', async () => {
  const lines = await checkSteps(
    settingsWith({
      script: { command: ['/bin/true'], homeRoot: '/nonexistent' },
      rsnapshot: { enabled: true, directory: '/nonexistent/rsnapshot.d', checkCommand: null },
    }),
  );
  expect(lines).toEqual([
    SCRIPT,
    {
      verdict: 'fail',
      what: 'home check',
      found: '/nonexistent is not a folder',
      remedy: 'mount it, or correct script.homeRoot',
    },
    {
      verdict: 'fail',
      what: 'rsnapshot',
      found: 'rsnapshot.directory: /nonexistent/rsnapshot.d cannot be written to (ENOENT)',
      remedy: 'mkdir -p /nonexistent/rsnapshot.d',
    },
  ]);
});
