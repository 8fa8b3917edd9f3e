import { fencedBlocks } from './fenced-blocks.ts';

/** The blocks of shell commands below a heading of the README, word for word. */
export function commandsBelow(heading: string): string[] {
  return fencedBlocks('README.md', `### ${heading}`, 'sh');
}

const [makeDeb = '', installDeb = '', makeNpm = '', installNpm = '', ...noInstall] = commandsBelow('Install');
const [schema = '', directory = '', configure = '', start = '', ...noStart] = commandsBelow('Configure and start');
const [upgradeNpm = '', removeDeb = '', removeNpm = '', ...noUpgrade] = commandsBelow('Upgrade and remove');
if (removeNpm === '' || start === '' || installNpm === '' || [...noInstall, ...noStart, ...noUpgrade].length > 0) {
  throw new Error('the README has other blocks of commands than the tests know: run each of them');
}

/** The commands of the README's "Set it up". */
export const SET_UP = {
  makeDeb,
  installDeb,
  makeNpm,
  installNpm,
  schema,
  directory,
  configure,
  start,
  upgradeNpm,
  removeDeb,
  removeNpm,
} as const;
