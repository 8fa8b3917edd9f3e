import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderExample, renderReference } from './reference.ts';

/**
 * `npm run docs`: writes the files that are generated from the schema, below the current folder.
 */
const root = process.cwd();
await mkdir(join(root, 'docs'), { recursive: true });
await writeFile(join(root, 'config/prov-backup-rsnapshot.example.yaml'), renderExample());
await writeFile(join(root, 'docs/configuration.md'), renderReference());
