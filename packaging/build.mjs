// `npm run build`: bundles the sources into one file, because finding and reading a thousand
// modules took most of the time of a start. A second small file handles signals while the first one
// is loaded. The live page is built, too. Types are checked by the tests, not here. `build.mjs
// ENTRY OUTFILE` builds another program in the same way.
import { chmod, copyFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { renderNotices } from './notices.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [entry, outfile] = process.argv.slice(2);
const programs =
  entry === undefined
    ? ['src/main', 'src/program'].map((name) => [`${name}.ts`, `dist/${name}.js`])
    : [[entry, outfile]];

/** Keeps the program out of the bundle that loads it. */
const apart = {
  name: 'apart',
  setup: (build) => build.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: './program.js', external: true })),
};

/**
 * The installed command begins as a shell script that runs Node.js with the same file. Node.js
 * opens /dev/null in place of a closed standard output, so only the shell can detect that the
 * output is lost. In that case it passes an output that cannot be written to. This does not apply
 * to `run`: a service that is started without a standard output has its log elsewhere.
 */
const COMMAND = `#!/bin/sh
':' //; [ "$1" = run ] || true 2>/dev/null 3>&1 || exec node "$0" "$@" 1</dev/null; exec node "$0" "$@"
`;
// CommonJS packages require modules of Node.js.
const REQUIRE = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);";

const metafiles = [];
for (const [from, to] of programs) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [from],
    outfile: to,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    // Node.js would resolve to the CommonJS build, which does not support tree shaking.
    alias: { rxjs: './node_modules/rxjs/dist/esm/index.js' },
    banner: { js: from === 'src/main.ts' ? `${COMMAND}${REQUIRE}` : REQUIRE },
    plugins: [apart],
  });
  metafiles.push(metafile);
}
if (entry === undefined) {
  metafiles.push(await buildPage());
  await chmod(`${root}dist/src/main.js`, 0o755);
  await writeFile(`${root}dist/third-party-notices.txt`, await renderNotices(root, metafiles));
}
// The program expects these files in its own folder.
for (const helper of ['script/launcher.py', 'script/lookup.py', 'observability/datagrams.py']) {
  await copyFile(`${root}src/${helper}`, `${root}dist/src/${basename(helper)}`);
}

/** Builds the live page: one script, one style, and the files that are served as they are. */
async function buildPage() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['main.tsx', 'page.css'].map((name) => ({ in: `src/page/${name}`, out: 'page' })),
    outdir: 'dist/src/page',
    bundle: true,
    platform: 'browser',
    target: ['chrome111', 'firefox115', 'safari16.2'],
    // No module: a browser asks for those with an Origin, which the interface refuses.
    format: 'iife',
    minify: true,
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    metafile: true,
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) {
    await copyFile(`${root}src/page/${name}`, `${root}dist/src/page/${name}`);
  }
  return metafile;
}
