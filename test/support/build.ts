import { join } from 'node:path';
import { execute } from './children.ts';

/** Compiles the product before the tests that run it as a process; costs next to nothing where nothing changed. */
export default async function build(): Promise<void> {
  const root = join(import.meta.dirname, '../..');
  await execute(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')]);
}
