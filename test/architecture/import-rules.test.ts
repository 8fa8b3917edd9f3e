import { describe, expect, it } from 'vitest';
import { type SourceFile, sourceFiles } from './source-files.ts';

interface Layer {
  /** The layers whose files it may import, besides its own. */
  readonly layers: readonly string[];
  /** The npm packages that it may import. A name that ends in `/` stands for its whole scope. */
  readonly packages: readonly string[];
}

/**
 * The layers from bottom to top. A file belongs to the layer with the longest matching path. A
 * layer imports only lower layers. `streams` and `handlers` do not import each other. Only the
 * composition reads the settings as a whole.
 */
const LAYERS: Readonly<Record<string, Layer>> = {
  'src/domain/': { layers: [], packages: [] },
  // The service's own use of its host: its folders, and all files that it reads or writes.
  'src/host/': { layers: [], packages: [] },
  'src/ldap/': { layers: ['src/domain/', 'src/host/'], packages: [] },
  'src/script/': { layers: ['src/domain/', 'src/host/'], packages: ['execa', 'zod'] },
  'src/observability/': { layers: ['src/domain/', 'src/host/'], packages: ['winston', 'winston-transport', 'rxjs'] },
  'src/operator/': {
    layers: ['src/domain/', 'src/host/', 'src/observability/'],
    packages: ['hono', '@hono/', 'prom-client', 'zod'],
  },
  // What the service keeps of its events, and what is told by that.
  'src/journal/': { layers: ['src/domain/', 'src/host/', 'src/observability/', 'src/operator/'], packages: [] },
  // Tells people of what needs a hand.
  'src/notify/': {
    layers: ['src/domain/', 'src/observability/'],
    packages: ['nodemailer'],
  },
  // What runs in a browser.
  'src/page/': { layers: ['src/domain/', 'src/observability/', 'src/journal/'], packages: ['preact'] },
  // Takes the steps of the stream again, with nothing of what surrounds them.
  'src/replay/': { layers: ['src/domain/', 'src/host/', 'streams/'], packages: ['zod'] },
  'src/lock/': { layers: ['src/domain/', 'src/host/', 'src/ldap/'], packages: ['zod'] },
  'src/ldif/': { layers: ['src/domain/', 'src/host/', 'src/ldap/'], packages: [] },
  // Values for the directory are checked by the code that sends them.
  'config/kinds/': { layers: ['src/domain/', 'src/ldap/'], packages: ['zod'] },
  'streams/': { layers: ['src/domain/', 'src/ldap/'], packages: ['rxjs'] },
  // A step declares its section of the configuration. The schema consists of all sections.
  'handlers/': { layers: ['src/domain/', 'src/host/', 'src/script/', 'config/kinds/'], packages: [] },
  'config/': {
    layers: ['src/domain/', 'src/host/', 'src/ldap/', 'config/kinds/', 'handlers/'],
    packages: ['zod', 'yaml'],
  },
  'src/sandbox/': { layers: ['src/domain/', 'src/ldap/'], packages: ['ldapjs', '@ldapjs/'] },
  'src/': { layers: ['*'], packages: ['commander', 'rxjs'] },
};

/** The files that may read the clock. All others get the time as an argument. */
const CLOCK_EDGES: readonly string[] = [
  'src/main.ts',
  'src/service/service.ts',
  'src/service/gate.ts',
  'src/service/run-service.ts',
  'src/service/open-journal.ts',
  'src/service/open-notifier.ts',
  'src/service/open-operator.ts',
  'src/service/open-recording.ts',
  'src/service/site.ts',
  'src/page/browser/',
  'src/preflight/',
  'src/commands/',
  'src/sandbox/',
];
const CLOCK = /\bDate\.now\b|\bnew Date\(\s*\)/;

/**
 * The files that may open files. All others use `src/host/input-file.ts` and
 * `src/host/output-file.ts`.
 */
const FILE_EDGES: readonly string[] = [
  'src/host/',
  // These read or write the project's own files.
  'src/main.ts',
  'src/operator/page-files.ts',
  // These use folders of the service alone, with stricter rules.
  'src/lock/',
  'src/script/run-record.ts',
  'src/script/plain-runner.ts',
  'src/sandbox/sandbox-folder.ts',
  'src/commands/run-sandbox.ts',
  'handlers/steps/inspect-rsnapshot.ts',
  // These read /proc, programs to run, and folders that are kept open.
  'src/script/process-table.ts',
  'src/script/locate.ts',
  'handlers/steps/home-place.ts',
  // This one replaces a file by one that it has created itself, and follows neither.
  'handlers/steps/replace-file.ts',
  // These write to what `openOutput` has opened.
  'src/observability/appended-file.ts',
  'src/replay/recorder.ts',
  // Locks the configuration file, which has been read.
  'src/preflight/lock.ts',
];
const OPENS_FILES = /\b(?:open|readFile|writeFile|appendFile|copyFile|createReadStream|createWriteStream)(?:Sync)?\b/;

const LONGEST_FILE = 300;

const files = sourceFiles();
const byPath = new Map(files.map((file) => [file.path, file]));

function layerOf(path: string): string {
  const names = Object.keys(LAYERS).filter((name) => path.startsWith(name));
  return names.sort((one, two) => two.length - one.length)[0] ?? 'none';
}

describe('the layers', () => {
  it.each(Object.entries(LAYERS))('let %s import only what is below it', (name, { layers, packages }) => {
    const own = files.filter(({ path }) => layerOf(path) === name);
    const wrong = own.flatMap((file) => [
      ...file.files.filter((path) => !allowsLayer(name, layers, path)).map((path) => `${file.path} imports ${path}`),
      ...file.packages
        .filter((given) => !allowsPackage(packages, given))
        .map((given) => `${file.path} imports ${given}`),
    ]);
    expect(wrong).toEqual([]);
  });

  it('leave the domain without Node.js modules', () => {
    const effects = files.filter(({ path, builtins }) => path.startsWith('src/domain/') && builtins.length > 0);
    expect(effects.map(({ path }) => path)).toEqual([]);
  });

  it('have no cycle among their files', () => {
    expect(findCycle()).toEqual([]);
  });
});

describe('every source file', () => {
  it('is found, and so are its imports', () => {
    expect(files.map(({ path }) => path)).toContain('src/domain/job.ts');
    expect(byPath.get('src/domain/job.ts')?.files).toContain('src/domain/mode.ts');
    for (const { path, files: imported } of files) {
      const missing = imported.filter((target) => /\.tsx?$/.test(target) && !byPath.has(target));
      expect(missing, `${path} imports files outside the layers`).toEqual([]);
    }
  });

  it(`has at most ${LONGEST_FILE} lines`, () => {
    expect(files.filter(({ lines }) => lines > LONGEST_FILE).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it('leaves it to one place to open files, unless it is an edge itself', () => {
    const inner = files.filter(({ path }) => !FILE_EDGES.some((edge) => path.startsWith(edge)));
    const openers = inner.filter(({ code }) =>
      [...code.matchAll(/import (\{[^}]*\}) from 'node:fs(?:\/promises)?'/g)].some(([, names = '']) =>
        OPENS_FILES.test(names),
      ),
    );
    expect(openers.map(({ path }) => path)).toEqual([]);
  });

  it('is given the time, unless it is an edge of the program', () => {
    const inner = files.filter(({ path }) => !CLOCK_EDGES.some((edge) => path.startsWith(edge)));
    expect(inner.filter(({ code }) => CLOCK.test(code)).map(({ path }) => path)).toEqual([]);
  });
});

function allowsLayer(name: string, layers: readonly string[], path: string): boolean {
  const target = layerOf(path);
  return target === name || layers.includes('*') || layers.includes(target);
}

function allowsPackage(packages: readonly string[], given: string): boolean {
  return packages.some((allowed) => (allowed.endsWith('/') ? given.startsWith(allowed) : given === allowed));
}

/**
 * The files of one cycle of imports in order, with the first one again at the end; empty if there
 * is none.
 */
function findCycle(): readonly string[] {
  const done = new Set<string>();
  const visit = (file: SourceFile, trail: readonly string[]): readonly string[] => {
    if (trail.includes(file.path)) return [...trail.slice(trail.indexOf(file.path)), file.path];
    if (done.has(file.path)) return [];
    for (const path of file.files) {
      const target = byPath.get(path);
      const cycle = target === undefined ? [] : visit(target, [...trail, file.path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file.path);
    return [];
  };
  for (const file of files) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
