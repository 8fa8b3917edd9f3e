import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { element, enumerated, octetString } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation } from '../../src/ldap/wire/message.ts';
import { answeringServer } from '../support/answering-server.ts';
import { execute, exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

const MEGABYTE = 1024 * 1024;
const FILE_MEGABYTES = 160;
const LONG_LINE = `description:: ${'QUJD'.repeat(25)}\n`;
/** Prints the highest memory use of the process in KiB at its end. */
const MEASURED = `data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))`;

let folder: string;
/** The memory use for a file of one record. It differs between versions of Node.js. */
let least: number;
let server: Awaited<ReturnType<typeof answeringServer>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ldif-size-'));
  const applied = element(Operation.addResponse, enumerated(0), octetString(''), octetString(''));
  server = await answeringServer((socket, id) => socket.write(encodeMessage(id, applied)));
  const directory = `{ url: "${server.url}", base: dc=example }`;
  writeFileSync(join(folder, 'config.yaml'), `directory: ${directory}\nscript: { command: [/bin/true] }\n`);
  const small = join(folder, 'small.ldif');
  writeFileSync(small, 'dn: cn=z\nnonsense');
  least = (await load(small)).megabytes;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Loads a file into a directory that takes whatever it is given. */
async function load(file: string) {
  const args = ['--import', MEASURED, MAIN, 'ldif', 'load', '--continue', '-c', join(folder, 'config.yaml'), file];
  const child = track(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (words: string) => {
    said += words;
  });
  await exited(child);
  return { said, megabytes: Number(/^peak (\d+)$/m.exec(said)?.[1]) / 1024 };
}

/** A file of many megabytes: the text repeated, then `end`. */
function largeFile(text: string, end: string): string {
  const file = join(folder, 'large.ldif');
  const piece = text.repeat(Math.ceil(MEGABYTE / text.length));
  const descriptor = openSync(file, 'w');
  for (let index = 0; index < FILE_MEGABYTES; index += 1) writeSync(descriptor, piece);
  writeSync(descriptor, end);
  closeSync(descriptor);
  return file;
}

describe('ldif load', () => {
  it.each([
    [
      'of many records',
      `dn: cn=a\nobjectClass: person\n${LONG_LINE.repeat(2_000)}\n`,
      '\ndn: cn=z\nnonsense',
      'nonsense',
    ],
    ['of one line without end', 'dn: cn=a ', '', 'the record is too large: it may have at most 33554432 bytes'],
    ['of one record without end', 'cn: a\n', '', 'the record is too large: it may have at most 33554432 bytes'],
    ['of one comment without end', '# a ', '\n\ndn: cn=z\nnonsense', 'nonsense'],
  ])('reads a file %s in the memory of one record', async (_kind, text, end, fault) => {
    const { said, megabytes } = await load(largeFile(text, end));
    expect(said).toContain(fault);
    expect(megabytes - least).toBeLessThan(FILE_MEGABYTES);
  });

  it('waits for no pipe and reads no device, which it asks for on standard input instead', async () => {
    const pipe = join(folder, 'pipe');
    await execute('mkfifo', [pipe]);
    const link = join(folder, 'link');
    symlinkSync('/dev/zero', link);
    for (const file of [pipe, link, '/dev/zero']) {
      expect((await load(file)).said).toContain(
        `the LDIF file ${file} cannot be read: it is not a regular file: pass its content on standard input (-)`,
      );
    }
    expect((await load(folder)).said).toContain('it is a folder');
  });
});
