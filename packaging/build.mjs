// What `npm run build` makes of the sources: the program as one file in place of a thousand, as finding and reading its
// modules was most of what a start cost, and before it the few lines that hear signals while that file is loaded. Types are
// checked by the tests, not here.
// `build.mjs ENTRY OUTFILE` builds another program in the same way.
import { copyFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const [entry, outfile] = process.argv.slice(2);
const programs =
  entry === undefined
    ? ['src/main', 'src/program'].map((name) => [`${name}.ts`, `dist/${name}.js`])
    : [[entry, outfile]];

/** The program stays outside of what loads it. */
const apart = {
  name: 'apart',
  setup: (build) => build.onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: './program.js', external: true })),
};

for (const [from, to] of programs) {
  await build({
    absWorkingDir: root,
    entryPoints: [from],
    outfile: to,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    sourcemap: true,
    logLevel: 'warning',
    // Node.js would be given the CommonJS build, of which nothing can be left out.
    alias: { rxjs: './node_modules/rxjs/dist/esm/index.js' },
    // Packages that are CommonJS require Node.js's own modules.
    banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
    plugins: [apart],
  });
}
// The program looks for it beside itself.
await copyFile(`${root}src/script/launcher.py`, `${root}dist/src/launcher.py`);
