import { cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TEST_PACKAGES } from '../support/needed-packages.ts';
import type { CommandLimits } from '../support/stage-command.ts';
import { runVitest, type VitestResult } from '../support/vitest-run.ts';
import { CleanRoot } from './clean-root.ts';

/** What else a minimal Debian lacks. */
const MORE = ['nodejs', 'procps', 'ca-certificates', 'iproute2', 'netbase'];
const PROJECT = '/srv/project';

/**
 * Runs the tests with real servers in a root of Debian 13: with its servers, its tools and its
 * Node.js. The project has to be built.
 */
export async function testOnDebian13({ seconds, cwd }: CommandLimits): Promise<VitestResult> {
  const packages = [...new Set([...MORE, ...Object.values(TEST_PACKAGES)])].sort();
  const root = await CleanRoot.open('trixie', packages, { devices: true });
  try {
    root.write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    await root.run('apt-get', 'install', '--no-install-recommends', '--no-download', '--yes', ...packages);
    console.log(await root.run('sh', '-c', 'node --version; slapd -VV 2>&1 | head -1; ns-slapd --version | tail -1'));
    copyProject(cwd, join(root.folder, PROJECT));
    copyNpm(join(root.folder, 'usr/local'));
    return await runVitest(
      ['--root', PROJECT, '--project', 'integration', '--project', 'faults'],
      { seconds, cwd },
      {
        root: root.folder,
        project: PROJECT,
        node: (args, env) => {
          const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
          return root.inside('env', ['--chdir', PROJECT, 'CI=true', ...set, 'node', ...args]);
        },
      },
    );
  } finally {
    await root.close();
  }
}

/**
 * Copies the npm that runs this, which the tests of the package need. Debian's own would bring
 * hundreds of packages. Node.js is that of Debian.
 */
function copyNpm(to: string): void {
  const script = process.env['npm_execpath'];
  if (script === undefined)
    throw new Error('this stage copies npm from its own run: start it by npm test -- debian-13');
  const npm = dirname(dirname(realpathSync(script)));
  cpSync(npm, join(to, 'lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(to, 'bin', name));
  }
}

function copyProject(from: string, to: string): void {
  const leftOut = [join(from, '.git'), join(from, 'node_modules/.cache')];
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !leftOut.includes(path) });
}
