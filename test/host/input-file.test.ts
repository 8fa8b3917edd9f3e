import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { InputFault, lookAtInput, openInput, readDescriptor, readInput } from '../../src/host/input-file.ts';
import { track } from '../support/children.ts';
import { HOSTILE_FILES, sparse } from '../support/hostile-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  writeFileSync(at('regular'), 'content\n');
  symlinkSync(at('regular'), at('link'));
});

/** What a program reads that has a pipe as this descriptor. */
async function readIn(argument: string, content: string, through: readonly string[]): Promise<string> {
  const module = JSON.stringify(join(import.meta.dirname, '../../src/host/input-file.ts'));
  const program = `import { readInput } from ${module};
readInput(process.argv[1], 1024).then((read) => process.stdout.write(read), (error) => process.stdout.write(error.message));`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, argument];
  const child = track(
    spawn('bash', ['-c', ...through, ...node], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, CONTENT: content },
    }),
  );
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return said;
}

describe('a file that is read', () => {
  it.each(['regular', 'link'])('is a %s one', async (name) => {
    expect(String(await readInput(at(name), 8))).toBe('content\n');
    const input = await openInput(at(name));
    for (let time = 0; time < 2; time += 1) expect(await text(input.bytes())).toBe('content\n');
    await input.close();
    await lookAtInput(at(name), 8);
  });

  it.each(HOSTILE_FILES)('is not %s, which is reported at once', async (_title, put, named) => {
    const path = put(mkdtempSync(join(folder, 'hostile-')));
    for (const read of [readInput, lookAtInput]) {
      const fault: unknown = await read(path, 1024).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(InputFault);
      expect((fault as InputFault).message).toMatch(named);
    }
  });

  it('that is missing or may not be read is reported with the code of the system', async () => {
    await expect(readInput(at('missing'))).rejects.toMatchObject({ given: 'no file', code: 'ENOENT' });
    await expect(readInput('a\0b')).rejects.toMatchObject({
      message: expect.stringContaining('ERR_INVALID_ARG_VALUE'),
    });
  });

  it('may be as large as the limit, and is reported with the limit if it is larger', async () => {
    sparse(at('limit'), 1024);
    expect(await readInput(at('limit'), 1024)).toHaveLength(1024);
    sparse(at('beyond'), 1025);
    const fault = { message: `${at('beyond')} is a file of more than 1 KiB` };
    await expect(readInput(at('beyond'), 1024)).rejects.toMatchObject(fault);
    await expect(lookAtInput(at('beyond'), 1024)).rejects.toMatchObject(fault);
  });

  it('may be one of /proc, which has no size of its own', async () => {
    expect(String(await readInput('/proc/self/comm'))).toMatch(/\n$/);
  });

  it('may be a pipe that the process was started with, however late it is filled', async () => {
    const late = '(sleep 0.1; printf %s "$CONTENT")';
    expect(await readIn('/dev/fd/7', 'late words', [`exec 7< <${late}; exec "$@"`, 'bash'])).toBe('late words');
    expect(await readIn('/dev/stdin', 'late words', [`${late} | "$@"`, 'bash'])).toBe('late words');
    expect(await readIn('/dev/stdin', 'x'.repeat(2_000), [`${late} | "$@"`, 'bash'])).toBe(
      '/dev/stdin is a file of more than 1 KiB',
    );
  });
});

describe('a descriptor that is read', () => {
  it('is that of a regular file, from where it stands', async () => {
    const descriptor = openSync(at('regular'), 'r');
    onTestFinished(() => closeSync(descriptor));
    expect(String(await readDescriptor(descriptor, 8))).toBe('content\n');
  });

  it('is reported as what it is if it is no file, is too large, or is not open', async () => {
    const zero = openSync('/dev/zero', 'r');
    onTestFinished(() => closeSync(zero));
    await expect(readDescriptor(zero)).rejects.toMatchObject({ given: 'a device' });
    await expect(readDescriptor(openSync(sparse(at('large'), 1025), 'r'), 1024)).rejects.toMatchObject({
      given: 'a file of more than 1 KiB',
    });
    await expect(readDescriptor(9_999)).rejects.toMatchObject({ code: 'EBADF' });
  });
});
