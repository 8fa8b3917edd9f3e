import { join } from 'node:path';
import { describe } from 'vitest';
import { testCompletion } from '../packaging/completion-cases.ts';

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
  // Before a slash, zsh's own completion of files evaluates a word, whatever the command.
  testCompletion('zsh', SET_UP, (line) => line.endsWith('/'));
});
