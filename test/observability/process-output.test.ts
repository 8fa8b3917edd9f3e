import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Output } from '../../src/observability/output.ts';
import { createProcessOutput } from '../../src/observability/process-output.ts';
import { limitFiles } from '../support/file-limit.ts';

let path: string;
let failures: string[];
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'output-'));
  path = join(folder, 'file');
  failures = [];
  onTestFinished(() => {
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    rmSync(folder, { recursive: true });
  });
});

/** An output of a process that was redirected to a file. */
function redirectedTo(file: string): Output {
  const fd = openSync(file, 'a');
  onTestFinished(() => closeSync(fd));
  return createProcessOutput(Object.assign(new Writable(), { fd }), {
    lossNote: (texts, why) => `(${texts} missing: ${why})\n`,
    failed: (reason) => failures.push(reason),
  });
}

const written = (): string => readFileSync(path, 'utf8');

describe('an output that leads to a file', () => {
  it('is there at once, line by line', async () => {
    const output = redirectedTo(path);
    output.write('one\n');
    expect(written()).toBe('one\n');
    output.write('two\n');
    expect(await output.close()).toBe(true);
    expect(written()).toBe('one\ntwo\n');
  });

  it('goes on where there is room again, on a new line, and says how many texts are missing', () => {
    const output = redirectedTo(path);
    output.write('one\n');
    limitFiles(process.pid, 6);
    for (const text of ['two\n', 'three\n', 'four\n']) output.write(text);
    expect(written()).toBe('one\ntw');
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    output.write('five\n');
    expect(written()).toBe('one\ntw\n(3 missing: there was no room for them)\nfive\n');
  });

  it('counts right where there is room for some of it only', () => {
    const output = redirectedTo(path);
    limitFiles(process.pid, 2);
    for (const text of ['one\n', 'two\n']) output.write(text);
    limitFiles(process.pid, 20);
    output.write('three\n');
    limitFiles(process.pid, 63);
    output.write('four\n');
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    output.write('five\n');
    expect(written().split('\n')).toEqual([
      'on',
      '(2 missing: there',
      '(3 missing: there was no room for them)',
      'fo',
      '(1 missing: there was no room for them)',
      'five',
      '',
    ]);
  });

  it('says what is missing when it is closed', async () => {
    const output = redirectedTo(path);
    limitFiles(process.pid, 0);
    output.write('one\n');
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    expect(await output.close()).toBe(true);
    output.write('too late\n');
    expect(written()).toBe('(1 missing: there was no room for them)\n');
  });

  it('tells what keeps it from being written once until it is written again', () => {
    const output = redirectedTo(path);
    for (let outage = 0; outage < 2; outage += 1) {
      limitFiles(process.pid, 0);
      for (const text of ['one\n', 'two\n']) output.write(text);
      limitFiles(process.pid, Number.POSITIVE_INFINITY);
      output.write('three\n');
    }
    expect(failures).toEqual(['EFBIG: file too large, write', 'EFBIG: file too large, write']);
  });

  it('takes no harm from a disk that stays full', async () => {
    const output = redirectedTo('/dev/full');
    for (let line = 0; line < 100; line += 1) output.write(`${line}\n`);
    expect(await output.close()).toBe(false);
    expect(failures).toEqual(['ENOSPC: no space left on device, write']);
  });
});
