import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPLETIONS, HOSTILE_LINES, LONG_OPTIONS_OF_RUN, makeFiles } from '../packaging/completion-cases.ts';
import { InteractiveShell } from '../support/interactive-shell.ts';

const FOLDER = join(import.meta.dirname, '../../packaging/completion');

/**
 * Lets a key insert all completions, and TAB only complete: by default it also expands the word
 * itself, whatever the command.
 */
const SET_UP = [
  `fpath=('${FOLDER}' $fpath)`,
  'autoload -Uz compinit',
  'compinit -u -D',
  "zstyle ':completion:all-matches:*' completer _all_matches _complete",
  "zstyle ':completion:all-matches:*' insert true",
  'zle -C all-matches complete-word _generic',
  "bindkey '^T' all-matches",
  "bindkey '^I' complete-word",
];

describe('the completion for zsh', () => {
  let folder: string;
  let shell: InteractiveShell;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zsh-'));
    makeFiles(folder);
    shell = await InteractiveShell.start('zsh', folder, SET_UP);
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

  // Before a slash, zsh's own completion of files evaluates a word, whatever the command.
  it.each(HOSTILE_LINES.filter((line) => !line.endsWith('/')))('evaluates nothing of %s', async (typed) => {
    await shell.press(typed);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});
