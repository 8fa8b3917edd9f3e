import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InteractiveShell } from '../support/interactive-shell.ts';
import { COMPLETIONS, HOSTILE_LINES, LONG_OPTIONS_OF_RUN, makeFiles } from './completion-cases.ts';

const COMPLETION = join(import.meta.dirname, '../../packaging/completion/prov-backup-rsnapshot.bash');

describe('the completion for bash', () => {
  let folder: string;
  let shell: InteractiveShell;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bash-'));
    makeFiles(folder);
    shell = await InteractiveShell.start('bash', folder, [`source '${COMPLETION}'`]);
  });
  afterAll(async () => {
    await shell.stop();
    await rm(folder, { recursive: true });
  });

  it.each(Object.entries(COMPLETIONS))('completes %s', async (typed, words) => {
    const before = typed.split(' ').slice(1, -1);
    expect((await shell.complete(typed)).slice(before.length).sort()).toEqual(words);
  });

  it('offers the options of the command that was typed, and no other', async () => {
    expect((await shell.complete('prov-backup-rsnapshot run --')).slice(1).sort()).toEqual(LONG_OPTIONS_OF_RUN);
  });

  it('completes the file of --config=', async () => {
    expect(await shell.complete('prov-backup-rsnapshot check --config=rec')).toEqual(['check', '--config=record']);
  });

  it.each(HOSTILE_LINES)('evaluates nothing of %s', async (typed) => {
    await shell.press(typed);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});
