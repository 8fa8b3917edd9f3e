import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';

const ROOT = join(import.meta.dirname, '../..');
const step = z.union([
  z.strictObject({
    uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/),
    with: z.record(z.string(), z.string()).optional(),
  }),
  z.strictObject({ run: z.string().min(1), env: z.record(z.string(), z.string()).optional() }),
]);
const job = z.strictObject({
  name: z.string(),
  if: z.string().optional(),
  'runs-on': z.string(),
  'timeout-minutes': z.int().positive(),
  strategy: z.strictObject({ 'fail-fast': z.literal(false), matrix: z.record(z.string(), z.array(z.string()).min(1)) }),
  container: z.strictObject({ image: z.string(), options: z.string() }),
  env: z.record(z.string(), z.string()),
  steps: z.array(step).min(1),
});
const workflow = z
  .strictObject({
    name: z.string(),
    on: z.strictObject({
      push: z.object({ branches: z.array(z.string()) }),
      pull_request: z.null(),
      workflow_dispatch: z.null(),
      schedule: z.array(z.strictObject({ cron: z.string().regex(/^(\S+ ){4}\S+$/) })),
    }),
    permissions: z.strictObject({ contents: z.literal('read') }),
    jobs: z.strictObject({ test: job, 'named-stages': job }),
  })
  .parse(parse(readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8')));

/** The stages that `npm test -- --help` names, below one of its headings. */
function stagesBelow(heading: string): string[] {
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', 'test/run-all.ts', '--help'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [, lines = ''] = new RegExp(`^${heading}.*\\n((?: {2}.*\\n)+)`, 'm').exec(stdout) ?? [];
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '');
}

describe('the workflow for a forge', () => {
  const { test, 'named-stages': named } = workflow.jobs;
  const commands = (steps: typeof test.steps) => steps.flatMap((one) => ('run' in one ? [one.run] : []));

  it('runs what .ci/run runs, on each supported Debian and line of Node.js', () => {
    expect(commands(test.steps).at(-1)).toBe('.ci/run');
    expect(existsSync(join(ROOT, '.ci/run'))).toBe(true);
    expect(test.strategy.matrix).toEqual({ image: ['debian:12', 'debian:13'], node: ['20.19', '22', '24'] });
  });

  it('runs, on a schedule, each stage that runs only if it is named', () => {
    expect(named.if).toContain("github.event_name == 'schedule'");
    expect(commands(named.steps).at(-1)).toMatch(/^npm test -- --install \$\{\{ matrix\.stage \}\}$/);
    expect(named.strategy.matrix).toEqual({ stage: stagesBelow('These run only if they are named') });
  });
});
