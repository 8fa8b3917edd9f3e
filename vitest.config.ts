import { defineConfig } from 'vitest/config';

/** Tests with real servers or the compiled service. */
const INTEGRATION = ['integration', 'support', 'conformance'].map((folder) => `test/${folder}/**/*.test.ts`);
const FAULTS = ['test/faults/**/*.test.ts', 'test/endurance/**/*.test.ts'];
/** Tests of the packages in clean roots, which need the network and further Debian packages. */
const INSTALLATION = ['test/installation/**/*.test.ts'];
const ARCHITECTURE = ['test/architecture/**/*.test.ts'];

/** Builds the program before tests that run it. */
const BUILD = ['test/support/build.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    /** In milliseconds. */
    expect: { poll: { timeout: 20_000, interval: 10 } },
    maxWorkers: 2,
    setupFiles: ['test/support/no-leaks.ts'],
    coverage: {
      provider: 'v8',
      include: ['streams/**/*.ts', 'handlers/**/*.ts', 'src/domain/**/*.ts'],
      exclude: ['test/**'],
      reporter: ['text-summary', 'html'],
      /** In percent, a little below what the unit tests reached when this was written. */
      thresholds: {
        'streams/**': { lines: 97, branches: 93 },
        'handlers/**': { lines: 98, branches: 91 },
        'src/domain/**': { lines: 98, branches: 96 },
      },
    },
    projects: [
      { extends: true, test: { name: 'architecture', include: ARCHITECTURE } },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...INTEGRATION, ...FAULTS, ...ARCHITECTURE, ...INSTALLATION],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: INTEGRATION,
          globalSetup: BUILD,
          // Half of their time they wait for servers and for each other.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: 'faults', include: FAULTS, globalSetup: BUILD } },
      {
        extends: true,
        test: {
          name: 'installation',
          include: INSTALLATION,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          expect: { poll: { timeout: 120_000, interval: 200 } },
          // Both make the package, which builds the program.
          fileParallelism: false,
        },
      },
    ],
  },
});
