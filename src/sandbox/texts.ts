import { shellWord } from '../domain/shell-word.ts';
import type { EmbeddedDirectory } from './embedded-directory.ts';
import { modifyRecord } from './ldif.ts';
import type { SandboxFolder } from './sandbox-folder.ts';
import { ACCOUNTS_DN, ADDED_UID, ADMINISTRATOR_DN, accountDn, DEFERRED_UID } from './tree.ts';
import type { WalkPrinter } from './walk.ts';
import type { WalkWrite } from './walk-writes.ts';
import { request } from './walk-writes.ts';

/** Emphasis of text on a terminal. Elsewhere the functions return the text as it is. */
export interface Style {
  strong(text: string): string;
  quiet(text: string): string;
  good(text: string): string;
}

/** The indentation of events, so that the headings stand out. */
export const MARGIN = '   ';

/** The text at the start of the sandbox. */
export function introduction(
  { url }: EmbeddedDirectory,
  { folder, scriptFile, configFile }: SandboxFolder,
  style: Style,
): string {
  return [
    style.strong('prov-backup-rsnapshot sandbox'),
    'A directory in memory, the real service, which is connected to it, and a harmless script. The sandbox changes nothing',
    'outside its own folder, and removes that folder when it ends.',
    '',
    factLine('directory', `${url}, accounts below ${ACCOUNTS_DN}`, style),
    factLine('folder', folder, style),
    factLine('script', scriptFile, style),
    factLine('configuration', configFile, style),
    '',
  ].join('\n');
}

/** Prints the writes of the walk and their results. */
export function walkPrinter(print: (text: string) => void, style: Style): WalkPrinter {
  return {
    announce: (number, { title, why, ldif }: WalkWrite) => {
      const [dn = '', ...lines] = ldif.filter((line) => line !== '-');
      const shown = lines.filter((line) => !OMITTED_LINES.test(line));
      print(
        [
          '',
          style.strong(`${number}  ${title}`),
          `${MARGIN}${why}`,
          '',
          ...[dn, ...shown].map((line) => `${MARGIN}${style.quiet('>')} ${line}`),
          '',
        ].join('\n'),
      );
    },
    result: (attributes, milliseconds) => {
      if (milliseconds === undefined) return print(`${MARGIN}${style.good('The entry is gone.')}`);
      print(`\n${MARGIN}${style.good(`The directory says, ${milliseconds.toFixed(1)} ms after the write was sent:`)}`);
      for (const line of attributes) print(`${MARGIN}${style.quiet('<')} ${line}`);
    },
  };
}

/** Lines of an LDIF record that are not shown, because they explain nothing. */
const OMITTED_LINES = /^(?:objectClass|cn|uidNumber|gidNumber|changetype: modify|add:|replace:)/;

/** The text at the end of the walk, while the sandbox continues to run. */
export function nextSteps(
  { url }: EmbeddedDirectory,
  sandboxFolder: SandboxFolder,
  writes: readonly WalkWrite[],
  password: string,
  style: Style,
): string {
  const configFile = shellWord(sandboxFolder.configFile);
  const administratorConfigFile = shellWord(sandboxFolder.administratorConfigFile);
  const login = `-x -H ${url} -D ${ADMINISTRATOR_DN} -w ${password}`;
  const [first] = writes.map(({ file }) => shellWord(`${sandboxFolder.folder}/${file}`));
  const [, ...others] = writes.map(({ file }) => file);
  const commands = (title: string, ...lines: string[]) => [style.quiet(`# ${title}`), ...lines, ''];
  return [
    '',
    style.strong(
      'Your turn: the service keeps running and reacts to what you write. Ctrl-C ends the sandbox and removes everything.',
    ),
    'Paste any of these commands into another terminal:',
    '',
    ...commands(
      'Request that an account is modified.',
      `ldapmodify ${login} <<'END'`,
      ...modifyRecord(accountDn(ADDED_UID), request('modify')),
      'END',
    ),
    ...commands('List all accounts.', `ldapsearch -LLL ${login} -b ${ACCOUNTS_DN} '(uid=*)'`),
    ...commands(
      `Add an account of your own. Then do the same with ${others.join(', ')}.`,
      `ldapmodify ${login} -f ${first}`,
    ),
    ...commands(
      'The same without ldap-utils. Run this command and those below in the folder of this program.',
      `npm start -- ldif load -c ${administratorConfigFile} ${first}`,
    ),
    ...commands(
      'Ask the running service what it does.',
      `npm start -- status -c ${configFile}`,
      `npm start -- tap -c ${configFile}`,
      `npm start -- explain -c ${configFile} ${DEFERRED_UID}`,
    ),
  ].join('\n');
}

function factLine(name: string, value: string, style: Style): string {
  return `${MARGIN}${style.quiet(name.padEnd(15))}${value}`;
}
