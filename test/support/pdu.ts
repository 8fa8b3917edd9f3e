import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A recorded LDAPMessage: hexadecimal digits, with a comment after each `#`. */
export interface PduFixture {
  readonly name: string;
  readonly bytes: Buffer;
  /** The decoded form, as the file gives it. */
  readonly decodesAs: string;
}

/** All files of test/fixtures/wire. */
export function pduFixtures(): PduFixture[] {
  const folder = join(import.meta.dirname, '../fixtures/wire');
  return readdirSync(folder).map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const hex = text.replace(/#.*/g, '').replace(/\s/g, '');
    const decodesAs = /^# decodes as: (.*)$/m.exec(text)?.[1] ?? '';
    return { name: file.replace(/\.pdu$/, ''), bytes: Buffer.from(hex, 'hex'), decodesAs };
  });
}
