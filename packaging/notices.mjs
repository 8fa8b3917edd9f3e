// Collects the licences of the packages in the bundle, which have to be distributed with it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * Returns the text of the file. `metafiles` are the descriptions that esbuild returns, with paths
 * below `root`.
 */
export async function renderNotices(root, metafiles) {
  const folders = new Set(
    metafiles.flatMap(({ outputs }) =>
      Object.values(outputs).flatMap(({ inputs }) =>
        Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
          bytesInOutput === 0 ? [] : (PACKAGE.exec(path) ?? []),
        ),
      ),
    ),
  );
  const notices = await Promise.all([...folders].sort().map((folder) => noticeOf(join(root, folder))));
  const about = 'The program contains these packages, each under its own licence.\n';
  return [about, ...notices].join(`\n${'-'.repeat(78)}\n`);
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const licence = license === undefined ? '' : `, ${license}`;
  return [`${name} ${version}${licence}`, ...texts.map((text) => `\n${text.trim()}`), ''].join('\n');
}
