import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedFiles } from './generated.ts';

/** `npm run docs`: writes the generated files. */
for (const [path, text] of Object.entries(generatedFiles())) {
  await writeFile(join(import.meta.dirname, '..', path), text);
}
