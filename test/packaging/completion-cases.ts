import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InteractiveShell } from '../support/interactive-shell.ts';

const OPTIONS_OF_RUN = ['-c', '--config', '-d', '--debug', '--json', '-r', '--dry-run', '--record', '-h', '--help'];

/** What is typed, and the words that may stand in its place; the folder is that of `makeFiles`. */
const COMPLETIONS: Readonly<Record<string, readonly string[]>> = {
  'prov-backup-rsnapshot ru': ['run'],
  'prov-backup-rsnapshot re': ['reload', 'replay', 'resume', 'retry'],
  'prov-backup-rsnapshot ldif ': ['create', 'help', 'load'],
  'prov-backup-rsnapshot ldif create --cust': ['--customer'],
  'prov-backup-rsnapshot help ver': ['verify'],
  'prov-backup-rsnapshot run -c serv': ['service one.yaml', 'service.yaml'],
  'prov-backup-rsnapshot ldif create --out ': ['folder'],
  'prov-backup-rsnapshot replay rec': ['record'],
  'prov-backup-rsnapshot run --debug --rec': ['--record'],
};

const LONG_OPTIONS_OF_RUN = OPTIONS_OF_RUN.filter((name) => name.startsWith('--')).sort();

function makeFiles(folder: string): void {
  mkdirSync(join(folder, 'folder'));
  for (const name of ['service.yaml', 'service one.yaml', 'record']) writeFileSync(join(folder, name), '');
}

/** Lines that run `touch ran` in a completion that evaluates what was typed. */
const HOSTILE_LINES: readonly string[] = [
  'prov-backup-rsnapshot $(touch ran) ',
  'prov-backup-rsnapshot run -c $(touch ran)',
  'prov-backup-rsnapshot run -c $(touch ran)/',
  'prov-backup-rsnapshot run --config=$(touch ran)/',
  'prov-backup-rsnapshot run --record `touch ran`',
  'prov-backup-rsnapshot run "$(touch ran)" --',
  'prov-backup-rsnapshot tap --uid a[$(touch ran)] --',
];

/**
 * The tests of a completion: of `shell`, after it was given the lines of `setUp`. Returns the shell
 * of the tests. `isEvaluated`: a line that the shell itself evaluates, whatever the command.
 */
export function testCompletion(
  shell: 'bash' | 'zsh',
  setUp: readonly string[],
  isEvaluated: (line: string) => boolean = () => false,
): () => InteractiveShell {
  let folder: string;
  let interactive: InteractiveShell;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `${shell}-`));
    makeFiles(folder);
    interactive = await InteractiveShell.start(shell, folder, setUp);
  });
  afterAll(async () => {
    await interactive.stop();
    await rm(folder, { recursive: true });
  });

  it.each(Object.entries(COMPLETIONS))('completes %s', async (typed, words) => {
    const before = typed.split(' ').slice(1, -1);
    expect((await interactive.complete(typed)).slice(before.length).sort()).toEqual(words);
  });

  it('offers the options of the command that was typed, and no other', async () => {
    expect((await interactive.complete('prov-backup-rsnapshot run --')).slice(1).sort()).toEqual(LONG_OPTIONS_OF_RUN);
  });

  it.each(HOSTILE_LINES.filter((line) => !isEvaluated(line)))('evaluates nothing of %s', async (typed) => {
    await interactive.press(typed);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
  return () => interactive;
}
