import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createVitest } from 'vitest/node';

/** The output of each fixture's run by its name; empty if it passed. */
const said = new Map<string, string>();

beforeAll(async () => {
  const vitest = await createVitest('test', {
    config: false,
    watch: false,
    maxWorkers: 4,
    root: join(import.meta.dirname, 'fixtures'),
    include: ['*.ts'],
    setupFiles: [join(import.meta.dirname, 'no-leaks.ts')],
    reporters: [{}],
  });
  try {
    const { testModules } = await vitest.start();
    for (const module of testModules) {
      const tests = [...module.children.allTests()].every((test) => test.ok());
      expect(tests).toBe(true);
      const name = module.moduleId.replace(/.*\/|\.ts$/g, '');
      said.set(
        name,
        module
          .errors()
          .map(({ message }) => message)
          .join(),
      );
    }
  } finally {
    await vitest.close();
  }
});

describe('the check for what a test file leaves behind', () => {
  it('names a child process, even one that is detached', () => {
    expect(said.get('leaves-a-child')).toMatch(/leaves behind: .*process \d+ \(sleep 30\)/);
  });

  it('names a listening socket', () => {
    expect(said.get('leaves-a-socket')).toContain('TCPServerWrap');
  });

  it('names a timer', () => {
    expect(said.get('leaves-a-timer')).toContain('Timeout');
  });

  it('waits for what is about to end', () => {
    expect(said.get('leaves-nothing')).toBe('');
  });
});
