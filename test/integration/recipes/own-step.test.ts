import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, execute } from '../../support/children.ts';
import { Recipe } from '../../support/fenced-blocks.ts';
import { RecordingScript } from '../../support/recording-script.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../../support/service-process.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { text } from '../../support/test-directory.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCES = ['package.json', 'tsconfig.json', 'src', 'streams', 'handlers', 'config', 'packaging', 'docs'];

describe('the recipe for a step of your own', () => {
  let folder: string;
  /** A copy of the project, with the step. */
  let project: string;
  let program: string;
  let monitored: string;
  let slapd: Slapd;
  let service: ServiceProcess;
  let configFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'own-step-'));
    project = join(folder, 'project');
    for (const name of SOURCES) await cp(join(ROOT, name), join(project, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'));
    const command = join(folder, 'monitor-backup');
    monitored = join(folder, 'monitored');
    await writeFile(command, `#!/bin/sh\n[ "$1" != 3724301 ] && echo "$1" >> ${monitored}\n`, { mode: 0o755 });
    const recipe = new Recipe('A step of your own', { '/usr/local/sbin/monitor-backup': command });
    await writeFile(join(project, 'handlers/steps/monitoring.ts'), recipe.block('ts'));
    await execute('patch', ['-p1', '-F0'], { cwd: project, input: recipe.block('diff') });
    await execute('sh', ['-ec', recipe.block('sh')], { cwd: project });
    program = join(project, 'dist/src/main.js');
    slapd = await startSlapd();
    const script = await RecordingScript.create(folder);
    const settings = withSettings(testSettings(slapd.url, script.command), recipe.settings());
    expect(recipe.unused).toEqual([]);
    configFile = await writeSettings(folder, settings);
    service = new ServiceProcess(configFile, ['--debug'], { program });
    service.start();
  });
  afterAll(async () => {
    await service?.kill9();
    await slapd?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('does the step after all others, for add only', async () => {
    await slapd.addAccount('3724300', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await slapd.waitForMode('3724300', 'added');
    expect(await readFile(monitored, 'utf8')).toBe('3724300\n');
    await slapd.request('3724300', 'modify');
    await slapd.waitForMode('3724300', 'modified');
    expect(await readFile(monitored, 'utf8')).toBe('3724300\n');
    const steps = [...service.output.matchAll(/ step +3724300 +(\w+) +\S+ +(\w+) done /g)];
    expect(steps.map(([, mode, step]) => `${mode}: ${step}`)).toEqual([
      'adding: script',
      'adding: monitoring',
      'modifying: script',
    ]);
  });

  it('fails the account that its command refuses, with its own code', async () => {
    await slapd.addAccount('3724301', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await slapd.waitFor(
      '3724301',
      (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === '20',
    );
    await expect.poll(() => service.output).toMatch(/ failed +3724301 .*see the log of the monitoring/);
  });

  it('is looked at by check, and is in the reference', async () => {
    const { stdout } = await attempt(process.execPath, [program, 'check', '-c', configFile]);
    expect(stdout).toMatch(/^ok +monitoring: .*monitor-backup can be run$/m);
    expect(await readFile(join(project, 'docs/configuration.md'), 'utf8')).toContain('| `monitoring.command` |');
  });
});
