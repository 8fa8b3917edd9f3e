import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attempt } from './children.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Runs `npm test -- ARGS` where no command is found in PATH. */
function runAll(...args: readonly string[]) {
  const node = [process.execPath, '--import', 'tsx', join(ROOT, 'test/run-all.ts'), ...args];
  return attempt('/usr/bin/env', ['-i', 'PATH=/nonexistent', ...node], { cwd: ROOT });
}

describe('npm test', () => {
  it('names the missing packages and the commands that install them, and runs nothing', async () => {
    const { code, stdout } = await runAll('build', 'unit');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^these Debian packages are missing: .*ldap-utils.*\n.*\n {2}apt-get install .*ldap-utils.*\n {2}npm test -- --install build unit\n\n0 passed, 1 failed\n$/,
    );
  });

  it('lists its stages and options, and what was wrong with the arguments', async () => {
    const help = await runAll('--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(
      /^usage: npm test [\s\S]*\n {2}unit +unit tests\n[\s\S]*\n {2}runtimes [\s\S]*--install/,
    );
    const wrong = await runAll('units');
    expect(wrong).toMatchObject({ code: 64, stdout: '', stderr: `unknown stage units\n\n${help.stdout}` });
  });
});
