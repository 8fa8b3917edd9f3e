import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Means } from '../../../handlers/define-step.ts';
import { rsnapshot, rsnapshotRemoved } from '../../../handlers/steps/rsnapshot.ts';
import type { StreamEvent } from '../../../src/domain/event.ts';
import type { Job, StepContext } from '../../../src/domain/job.ts';
import type { RunCommand } from '../../../src/script/command.ts';
import { anyText } from '../../support/any-text.ts';
import { contextOf, doStep, jobOf, standIn, stepOf, temporaryFolder } from './job.ts';

const intervals = {
  sstBackupIntervalHourly: '6',
  sstBackupIntervalDaily: '7',
  sstBackupIntervalWeekly: '0',
  sstBackupIntervalMonthly: '12',
  sstBackupIntervalYearly: '1',
};

/** The section as the configuration file has it, and the root of the homes. */
interface Options {
  readonly directory: string;
  readonly template: string | null;
  readonly snapshotRoot: string;
  readonly owner: string | null;
  readonly group: string | null;
  readonly mode: string;
  readonly checkCommand: readonly string[] | null;
  readonly timeout: string;
  readonly homeRoot: string | null;
  readonly homeLayout: string;
}

function stepWith(step: typeof rsnapshot, { homeRoot, homeLayout, ...written }: Options) {
  const made = stepOf(step, { enabled: true, ...written }, { homeRoot, homeLayout });
  return { run: (job: Job, context: StepContext, means?: Partial<Means>) => doStep(made, job, context, means) };
}

const rsnapshotStep = (options: Options) => stepWith(rsnapshot, options);
const removeRsnapshotStep = (options: Options) => stepWith(rsnapshotRemoved, options);

function site(): { options: Options; home: string; file: string; root: string } {
  const root = temporaryFolder();
  const directory = join(root, 'rsnapshot.d');
  const chroot = join(root, '372/3724300/chroot');
  mkdirSync(directory);
  mkdirSync(join(chroot, 'home/3724300'), { recursive: true });
  return {
    root,
    options: {
      directory,
      template: null,
      snapshotRoot: '{parent}/.snapshots/{uid}',
      owner: null,
      group: null,
      mode: '0640',
      checkCommand: ['rsnapshot', '-c', '{file}', 'configtest'],
      homeRoot: root,
      homeLayout: '*/{uid}',
      timeout: '30s',
    },
    home: `${chroot}/./home/3724300`,
    file: join(directory, '3724300.conf'),
  };
}

describe('the rsnapshot configuration', () => {
  it('is what the real rsnapshot takes, with a line for each level that is not 0', async () => {
    const { options, home, file, root } = site();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await rsnapshotStep(options).run(job, contextOf())).toEqual({ ok: true });
    const text = readFileSync(file, 'utf8');
    expect(text.match(/^retain.*$/gm)).toEqual([
      'retain\thourly\t6',
      'retain\tdaily\t7',
      'retain\tmonthly\t12',
      'retain\tyearly\t1',
    ]);
    expect(text).toContain(`snapshot_root\t${root}/372/3724300/.snapshots/3724300/\n`);
    expect(text).toContain(`backup\t${root}/372/3724300/chroot/home/3724300/\thome/\n`);
    expect(execFileSync('rsnapshot', ['-c', file, 'configtest'], { encoding: 'utf8' })).toContain('Syntax OK');
    expect(readdirSync(options.directory)).toEqual(['3724300.conf']);
  });

  it('makes snapshots in a real run', async () => {
    const { options, home, file, root } = site();
    const template = join(root, 'template');
    const own = `config_version\t1.2\nsnapshot_root\t{snapshotRoot}/\ncmd_rsync\t/usr/bin/rsync\nlockfile\t${root}/{uid}.pid\n{retain}\nrsync_long_args\t--delete --numeric-ids\nbackup\t{home}/\thome/\n`;
    writeFileSync(template, own);
    writeFileSync(join(home, 'letter.txt'), 'dear');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await rsnapshotStep({ ...options, template }).run(job, contextOf())).toEqual({ ok: true });
    execFileSync('rsnapshot', ['-c', file, 'hourly'], { stdio: 'pipe' });
    const snapshot = join(root, '372/3724300/.snapshots/3724300/hourly.0/home/letter.txt');
    expect(readFileSync(snapshot, 'utf8')).toBe('dear');
  });

  it('has the mode and owner that are configured, put right without a rewrite', async () => {
    const { options, home, file } = site();
    const step = rsnapshotStep({ ...options, mode: '0600', owner: 'nobody', group: 'nogroup' });
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await step.run(job, contextOf())).toEqual({ ok: true });
    const before = statSync(file);
    expect(before.mode & 0o7777).toBe(0o600);
    expect([before.uid, before.gid]).toEqual([65534, 65534]);
    chmodSync(file, 0o666);
    expect(await step.run(job, contextOf())).toEqual({ ok: true });
    const after = statSync(file);
    expect([after.ino, after.mtimeMs, after.mode & 0o7777]).toEqual([before.ino, before.mtimeMs, 0o600]);
  });

  it('names an owner that this host does not know', async () => {
    const { options, home } = site();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const outcome = await rsnapshotStep({ ...options, owner: 'no-such-user' }).run(job, contextOf());
    expect(outcome).toMatchObject({ returnValue: 7, reason: expect.stringContaining('no-such-user') });
  });

  it('is not rewritten, nor judged again, while its content stays the same', async () => {
    const { options, home, file, root } = site();
    const judge = standIn(root, 'judge');
    const step = rsnapshotStep({ ...options, checkCommand: [judge.path, '{file}'] });
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    await step.run(job, contextOf());
    const before = statSync(file);
    await step.run(job, contextOf());
    expect(statSync(file).ino).toBe(before.ino);
    expect(judge.calls()).toHaveLength(1);
    const changed = jobOf('3724300', { homeDirectory: home, ...intervals, sstBackupIntervalDaily: '8' });
    await step.run(changed, contextOf());
    expect(readFileSync(file, 'utf8')).toContain('retain\tdaily\t8');
    expect(judge.calls()).toHaveLength(2);
  });

  it('keeps the old file where the new one is refused, and that one for inspection, with the errors', async () => {
    const { options, home, file } = site();
    writeFileSync(file, 'old');
    const template = join(options.directory, '../template');
    writeFileSync(template, 'config_version\t1.2\nnonsense\t{uid}\n');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const outcome = await rsnapshotStep({ ...options, template }).run(job, contextOf());
    const refused = join(options.directory, '.3724300.conf.tmp');
    const reason = expect.stringMatching(/refused, and is kept in .*: ERROR: .* on line 2: ERROR: nonsense 3724300 /);
    expect(outcome).toMatchObject({ returnValue: 7, reason });
    expect(outcome.ok || outcome.reason).not.toMatch(/---|encountered/);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readFileSync(refused, 'utf8')).toContain('nonsense\t3724300');
    writeFileSync(file, readFileSync(refused, 'utf8'));
    expect(await rsnapshotStep({ ...options, template }).run(job, contextOf())).toEqual({ ok: true });
    expect(readdirSync(options.directory)).toEqual(['3724300.conf']);
  });

  it('takes up what an interrupted attempt left', async () => {
    const { options, home } = site();
    writeFileSync(join(options.directory, '.3724300.conf.tmp'), 'half a fi');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await rsnapshotStep(options).run(job, contextOf())).toEqual({ ok: true });
    expect(readdirSync(options.directory)).toEqual(['3724300.conf']);
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    const { options, home, file, root } = site();
    const victim = join(root, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, file);
    symlinkSync(victim, join(options.directory, '.3724300.conf.tmp'));
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await rsnapshotStep(options).run(job, contextOf())).toEqual({ ok: true });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(statSync(file).isFile()).toBe(true);
  });

  it('is removed where nothing is to be kept, and says so', async () => {
    const { options, home, file } = site();
    await rsnapshotStep(options).run(jobOf('3724300', { homeDirectory: home, ...intervals }), contextOf());
    const none = jobOf('3724300', { homeDirectory: home, sstBackupIntervalHourly: '0' });
    const events: StreamEvent[] = [];
    const context = { ...contextOf(), report: (event: StreamEvent) => void events.push(event) };
    expect(await rsnapshotStep(options).run(none, context)).toEqual({ ok: true });
    expect(existsSync(file)).toBe(false);
    expect(events).toMatchObject([
      { event: 'output', uid: '3724300', line: expect.stringContaining('sstBackupInterval') },
    ]);
  });

  it('is removed by delete, which is content with one that is gone, or a folder that is gone', async () => {
    const { options, file } = site();
    writeFileSync(file, 'x');
    writeFileSync(join(options.directory, '.3724300.conf.tmp'), 'x');
    const step = removeRsnapshotStep(options);
    expect(await step.run(jobOf('3724300'), contextOf())).toEqual({ ok: true });
    expect(readdirSync(options.directory)).toEqual([]);
    expect(await step.run(jobOf('3724300'), contextOf())).toEqual({ ok: true });
    const gone = removeRsnapshotStep({ ...options, directory: join(options.directory, 'gone') });
    expect(await gone.run(jobOf('3724300'), contextOf())).toEqual({ ok: true });
  });

  it.each([
    ['a negative count', { sstBackupIntervalDaily: '-1' }, 'sstBackupIntervalDaily'],
    ['an absurd count', { sstBackupIntervalDaily: '10000' }, 'sstBackupIntervalDaily'],
    ['a count with a line of its own', { sstBackupIntervalDaily: '1\ncmd_preexec\t/bin/id' }, 'sstBackupIntervalDaily'],
    ['two counts', { sstBackupIntervalDaily: ['1', '2'] }, '2 values'],
    ['one hourly that cannot rotate', { sstBackupIntervalHourly: '1', sstBackupIntervalDaily: '7' }, 'keep 2 hourly'],
    ['a home with a tab', { homeDirectory: '/home/a\tb' }, 'control characters'],
    ['a home with a line', { homeDirectory: '/home/a\nbackup_exec\tid' }, 'control characters'],
    ['a home with a command', { homeDirectory: '/home/3724300/`id`' }, 'rsnapshot does not accept'],
    ['a home that is a pattern', { homeDirectory: '/home/3724300/(a+)+' }, 'rsnapshot does not accept'],
    ['a home with a line separator', { homeDirectory: '/home/3724300\u2028b' }, 'control characters'],
    ['a home that climbs', { homeDirectory: '/home/../etc' }, "'..'"],
    ['no home', { homeDirectory: [] }, 'no homeDirectory'],
  ])('fails with code 7 and writes nothing for %s', async (_, attributes, words) => {
    const { options, home } = site();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals, ...attributes });
    const outcome = await rsnapshotStep({ ...options, homeRoot: null }).run(job, contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 7, reason: expect.stringContaining(words) });
    expect(readdirSync(options.directory)).toEqual([]);
  });

  it.each([
    ['a folder that is missing', (options: Options) => ({ ...options, directory: '/nonexistent/rsnapshot.d' })],
    ['a template that is missing', (options: Options) => ({ ...options, template: '/nonexistent/template' })],
    ['a judge that is missing', (options: Options) => ({ ...options, checkCommand: ['/nonexistent/rsnapshot'] })],
  ])('fails with code 7 for %s', async (_, change) => {
    const { options, home } = site();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const outcome = await rsnapshotStep(change(options)).run(job, contextOf());
    expect(outcome).toMatchObject({ returnValue: 7, reason: expect.stringContaining('/nonexistent') });
  });

  it.each([
    ['a folder of somebody else on the way', (root: string) => chownSync(join(root, '372'), 5000, 5000), 'belongs to'],
    ['a folder that others can write to', (root: string) => chmodSync(join(root, '372/3724300'), 0o775), '0775'],
    [
      'snapshots that somebody else has made room for',
      (root: string) => {
        mkdirSync(join(root, '372/3724300/.snapshots/3724300'), { recursive: true });
        chownSync(join(root, '372/3724300/.snapshots/3724300'), 5000, 5000);
      },
      'belongs to the user number 5000',
    ],
    [
      'snapshots that a link leads elsewhere',
      (root: string) => symlinkSync(temporaryFolder(), join(root, '372/3724300/.snapshots')),
      'symbolic link',
    ],
  ])('fails with code 7, and root makes no snapshots there, where it meets %s', async (_, spoil, words) => {
    const { options, home, root } = site();
    spoil(root);
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const outcome = await rsnapshotStep(options).run(job, contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 7, reason: expect.stringContaining(words) });
    expect(readdirSync(options.directory)).toEqual([]);
  });

  it.each([
    ['in the home itself', '{home}/.snapshots', 'in the home'],
    ['beside the root for the homes, by the marker of the entry', '{parent}/{uid}', 'not below script.homeRoot'],
    ['with a way up in it', '{parent}/../{uid}', "not an absolute path without '..'"],
    ['in a relative folder', 'snapshots/{uid}', "not an absolute path without '..'"],
    ['in a folder where everybody may write', '/tmp/{uid}', '/tmp can be written to by others'],
  ])('fails with code 7 for snapshots %s', async (_, snapshotRoot, words) => {
    const { options, root } = site();
    const job = jobOf('3724300', { homeDirectory: `${root}/./3724300`, ...intervals });
    const outcome = await rsnapshotStep({ ...options, snapshotRoot, homeLayout: '{uid}' }).run(job, contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 7, reason: expect.stringContaining(words) });
  });

  it.each([
    ['beside the homes', 'ROOT/snapshots/{uid}'],
    ['in the account’s own folder, where it can have its home another time', 'ROOT/{uid}/snapshots'],
    ['above the homes', 'ROOT/372'],
    ['in the root for the homes', 'ROOT/'],
  ])('fails with code 7 for snapshots %s, where an account may have its home', async (_, snapshotRoot) => {
    const { options, root } = site();
    const job = jobOf('3724300', { homeDirectory: `${root}/372/3724300/chroot`, ...intervals });
    const at = snapshotRoot.replace('ROOT', root);
    expect(await rsnapshotStep({ ...options, snapshotRoot: at }).run(job, contextOf())).toMatchObject({
      ok: false,
      returnValue: 7,
      reason: expect.stringContaining('a place where a home can be'),
    });
    const elsewhere = { ...options, snapshotRoot: `${root}/snapshots/{uid}`, homeLayout: '372/{uid}' };
    expect(await rsnapshotStep(elsewhere).run(job, contextOf())).toEqual({ ok: true });
  });

  it.each([
    ['beside the homes, by a link', 'LINK/snapshots'],
    ['in the account’s own folder, by a link', 'LINK/{uid}/snapshots'],
    ['in the home, by a link', 'LINK/372/{uid}/chroot/home/{uid}/x'],
    ['in the home, by a link to it', 'HOME/x'],
    ['by the real path of a root that a link leads to', 'ROOT/{uid}/snapshots'],
    ['by a link, spelt oddly', '//LINK/.//{uid}/./snapshots/'],
  ])('fails with code 7 for snapshots %s, whatever their paths are called', async (_, given) => {
    const { options, root } = site();
    const links = temporaryFolder();
    symlinkSync(root, join(links, 'homes'));
    symlinkSync('homes', join(links, 'link'));
    const homeRoot = join(links, 'homes');
    symlinkSync(join(root, '372/3724300/chroot/home/3724300'), join(links, 'home'));
    const snapshotRoot = given.replace('LINK', `${links}/link`).replace('HOME', `${links}/home`).replace('ROOT', root);
    const job = jobOf('3724300', { homeDirectory: `${homeRoot}/372/3724300/chroot/./home/3724300`, ...intervals });
    for (const named of [homeRoot, root]) {
      const at = jobOf('3724300', { homeDirectory: `${named}/372/3724300/chroot/./home/3724300`, ...intervals });
      const outcome = await rsnapshotStep({ ...options, homeRoot: named, snapshotRoot }).run(at, contextOf());
      expect(outcome).toMatchObject({ returnValue: 7, reason: expect.stringMatching(/a home can be|in the home/) });
    }
    for (const honest of ['{parent}/.snapshots/{uid}', `${root}/.snapshots/{uid}`, `${links}/link/.snapshots`]) {
      expect(await rsnapshotStep({ ...options, homeRoot, snapshotRoot: honest }).run(job, contextOf())).toEqual({
        ok: true,
      });
    }
  });

  it('fails with code 7 where a customer could lead the snapshots elsewhere on the way that is named', async () => {
    const { options, root, home } = site();
    const links = temporaryFolder();
    symlinkSync(join(root, '.snapshots'), join(links, 'link'));
    mkdirSync(join(root, '.snapshots'));
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const at = { ...options, snapshotRoot: `${links}/link/{uid}` };
    expect(await rsnapshotStep(at).run(job, contextOf())).toEqual({ ok: true });
    chownSync(links, 5000, 5000);
    expect(await rsnapshotStep(at).run(job, contextOf())).toMatchObject({ returnValue: 7 });
  });

  it('stays as it is once the attempt is over, however far the step had come', async () => {
    const { options, home, file } = site();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    writeFileSync(file, 'newer');
    const over = new AbortController();
    const judging: RunCommand = async () => {
      over.abort();
      return { kind: 'exited', exitCode: 0, output: '', complaint: '' };
    };
    const outcome = await rsnapshotStep(options).run(job, contextOf(over.signal), { runCommand: judging });
    expect(outcome).toMatchObject({ ok: false, returnValue: 7 });
    expect(await removeRsnapshotStep(options).run(job, contextOf(over.signal))).toMatchObject({ ok: false });
    expect(readFileSync(file, 'utf8')).toBe('newer');
  });

  it('may keep snapshots in a folder that the site names, also where rsnapshot is to make it', async () => {
    const { options, home } = site();
    const elsewhere = temporaryFolder();
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    for (const snapshotRoot of [`${elsewhere}/{uid}`, `${elsewhere}/not/yet/s-{uid}/x`, `${elsewhere}/all`]) {
      expect(await rsnapshotStep({ ...options, snapshotRoot }).run(job, contextOf())).toEqual({ ok: true });
    }
  });

  it('can hold a literal pair of braces, also around what is no placeholder', async () => {
    const { options, home, file, root } = site();
    writeFileSync(join(root, 'template'), '{ %{{HOME}} {{uid}} {uid} {} {{ }}\n');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const own = { ...options, template: join(root, 'template'), checkCommand: null };
    expect(await rsnapshotStep(own).run(job, contextOf())).toEqual({ ok: true });
    expect(readFileSync(file, 'utf8')).toBe('{ %{HOME} {uid} 3724300 {} {{ }}\n');
  });

  it('names the placeholders that a template may use', async () => {
    const { options, home, root } = site();
    writeFileSync(join(root, 'template'), '{uid} {password}');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const outcome = await rsnapshotStep({ ...options, template: join(root, 'template') }).run(job, contextOf());
    expect(outcome).toMatchObject({ returnValue: 7, reason: expect.stringMatching(/\{password\}.*\{snapshotRoot\}/) });
  });

  it('may come from the example template, which rsnapshot takes', async () => {
    const { options, home } = site();
    const template = resolve(import.meta.dirname, '../../../config/examples/rsnapshot.template');
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    expect(await rsnapshotStep({ ...options, template }).run(job, contextOf())).toEqual({ ok: true });
  });

  it('fills every documented placeholder of a template', async () => {
    const { options, home, file, root } = site();
    writeFileSync(
      join(root, 'template'),
      '{uid}|{home}|{chroot}|{parent}|{snapshotRoot}|{hourly}|{weekly}|{yearly}\n{retain}\n',
    );
    const job = jobOf('3724300', { homeDirectory: home, ...intervals });
    const own = { ...options, template: join(root, 'template'), checkCommand: null, snapshotRoot: '/srv/{uid}/' };
    await rsnapshotStep(own).run(job, contextOf());
    const [first] = readFileSync(file, 'utf8').split('\n');
    const account = `${root}/372/3724300`;
    expect(first).toBe(`3724300|${account}/chroot/home/3724300|${account}/chroot|${account}|/srv/3724300|6|0|1`);
  });

  it('never grows a line by an attribute, whatever that holds', async () => {
    const { options } = site();
    const own = { ...options, checkCommand: null, homeRoot: null };
    await fc.assert(
      fc.asyncProperty(anyText(), anyText(), async (home, count) => {
        const job = jobOf('3724300', {
          homeDirectory: `/srv/3724300/${home}`,
          ...intervals,
          sstBackupIntervalYearly: count,
        });
        const outcome = await rsnapshotStep(own).run(job, contextOf());
        if (!outcome.ok) return;
        const lines = readFileSync(join(options.directory, '3724300.conf'), 'utf8').split('\n');
        expect(lines.length).toBeLessThanOrEqual(18);
        for (const line of lines) expect(line.split('\t').length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 200 },
    );
  });
});
