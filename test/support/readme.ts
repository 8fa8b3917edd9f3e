import { fencedBlocks } from './fenced-blocks.ts';

const INSTALLATION = 'docs/installation.md';

const [makeDeb = '', installDeb = '', schema = '', directory = '', configure = '', start = '', ...noSetUp] =
  fencedBlocks('README.md', '## Set it up', 'sh');
const [makeNpm = '', installNpm = '', ...noNpm] = fencedBlocks(INSTALLATION, '## By npm', 'sh');
const [upgradeNpm = '', ...noUpgrade] = fencedBlocks(INSTALLATION, '## Upgrade', 'sh');
const [removeDeb = '', removeNpm = '', ...noRemoval] = fencedBlocks(INSTALLATION, '## Remove', 'sh');
if (
  [start, installNpm, upgradeNpm, removeNpm].includes('') ||
  [...noSetUp, ...noNpm, ...noUpgrade, ...noRemoval].length > 0
) {
  throw new Error('README or docs/installation.md has blocks of commands that the tests do not know: run each of them');
}

/**
 * The commands of the README's "Set it up" and of docs/installation.md, word for word. The tests
 * run them as they are written.
 */
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
