import { join } from 'node:path';
import { execute } from './children.ts';

/** Builds the product before the tests that run it as a process. */
export default async function build(): Promise<void> {
  const root = join(import.meta.dirname, '../..');
  await execute(process.execPath, [join(root, 'packaging/build.mjs')]);
}
