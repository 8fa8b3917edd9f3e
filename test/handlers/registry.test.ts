import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/load-config.ts';
import type { SiteStep } from '../../handlers/define-step.ts';
import { HANDLERS, handlersOf, longestHandlerMilliseconds } from '../../handlers/registry.ts';
import { STEPS } from '../../handlers/steps/registry.ts';
import type { Job } from '../../src/domain/job.ts';
import { eachMode, MODES, type Mode } from '../../src/domain/mode.ts';
import { createScriptRunner } from '../../src/script/script-runner.ts';
import { siteOf } from '../../src/service/site.ts';
import { doStep, jobOf } from './steps/job.ts';

const runner = createScriptRunner({ launcher: 'none', base: 'dc=example', onNotice: () => {} });
afterAll(() => runner.close());

function handlersFor(sections: object) {
  const directory = { url: 'ldap://127.0.0.1', base: 'dc=example' };
  const settings = parseConfig(JSON.stringify({ directory, ...sections }), {}, 'test.yaml');
  return handlersOf(settings, siteOf(settings));
}

const ALL = handlersFor({
  script: { command: ['/bin/true'], homeRoot: '/srv' },
  userCheck: { enabled: true },
  quota: { enabled: true },
  rsnapshot: { enabled: true },
});

async function outputOf(mode: Mode): Promise<string[]> {
  const handlers = handlersFor({
    timeZone: 'Asia/Tokyo',
    quota: { attribute: 'sstQuota' },
    script: {
      command: ['env', 'SEEN={uid}'],
      perMode: { delete: ['echo', 'gone {uid}'] },
      path: '/usr/local/bin:/usr/bin:/bin',
      language: 'de_CH.UTF-8',
    },
  });
  const job: Job = { ...jobOf('3724300', { sstQuota: '1024' }), mode };
  const lines: string[] = [];
  const signal = new AbortController().signal;
  const context = { signal, report: (event: { event: string }) => 'line' in event && lines.push(String(event.line)) };
  for (const step of handlers[mode]) await doStep(step, job, context, { scripts: runner });
  return lines;
}

describe('the handlers of a site', () => {
  it.each<[Mode, string[]]>([
    ['add', ['user', 'script', 'home', 'quota', 'rsnapshot']],
    ['modify', ['user', 'script', 'home', 'quota', 'rsnapshot']],
    ['delete', ['rsnapshot', 'script', 'quota']],
  ])('of %s have its steps in order', (mode, names) => {
    expect(ALL[mode].map(({ name }) => name)).toEqual(names);
  });

  it('have the script alone where no other step is switched on', () => {
    const handlers = handlersFor({ script: { command: ['/bin/true'] } });
    for (const mode of MODES) expect(handlers[mode].map(({ name }) => name)).toEqual(['script']);
  });

  it('share one step among the modes that have it', () => {
    const scripts = MODES.map((mode) => ALL[mode].find(({ name }) => name === 'script'));
    expect(new Set(scripts).size).toBe(1);
  });

  it('give the script the environmentSettings that the settings say', async () => {
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

  it('take at most what the steps of the longest one take together, and the longest grace', () => {
    const taking = (limitMilliseconds: number, graceMilliseconds: number): SiteStep => {
      return { ...ALL.add[0]!, limitMilliseconds, graceMilliseconds };
    };
    const [quick, slow] = [taking(1_000, 500), taking(5_000, 100)];
    const handlers = eachMode((mode) => (mode === 'add' ? [quick, slow] : [slow]));
    expect(longestHandlerMilliseconds(handlers)).toBe(6_500);
  });
});

describe('the registries', () => {
  it('have a handler for each mode, which is of that mode', () => {
    expect(MODES.map((mode) => HANDLERS[mode].mode)).toEqual(MODES);
  });

  it('have each section once', () => {
    const sections = STEPS.map(({ section }) => section);
    expect(sections).toEqual([...new Set(sections)]);
  });
});
