import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { signalGroup } from '../../src/script/process-group.ts';
import { BASE } from '../support/accounts.ts';
import { startWorld } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'orphaned-scripts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A script that renames itself, by which Perl clears its environment. It runs until SIGTERM, and
 * for a while after that. A resumed run ends at once. The journal has a line for each run: the
 * process, and whether the process of the previous run still existed.
 */
function slowToEnd(journal: string): string {
  const file = join(folder, 'slow-to-end');
  const program = `#!/usr/bin/perl
my ($resumed, $before) = ($ENV{PROV_RESUMED}, '');
$0 = "renamed";
$SIG{TERM} = sub { select undef, undef, undef, 0.7; exit 1 };
open my $journal, '+>>', '${journal}';
seek $journal, 0, 0;
for (<$journal>) {
  my ($pid) = /(\\d+)/;
  if (open my $stat, '<', "/proc/$pid/stat") { $before = <$stat> =~ /\\) Z/ ? '' : 'overlap' }
}
print $journal "$$ $before\\n";
close $journal;
until ($resumed) { select undef, undef, undef, 0.02 }
`;
  writeFileSync(file, program, { mode: 0o755 });
  writeFileSync(journal, '');
  return file;
}

const runsIn = (journal: string) => readFileSync(journal, 'utf8').split('\n').slice(0, -1);

describe.each(['auto', 'none'])('a script that a killed service left running (launcher: %s)', (launcher) => {
  it('has ended before the next service runs one for its account', async () => {
    const journal = join(folder, launcher);
    const command = [slowToEnd(journal)];
    // The base has another spelling than in the DNs of the entries.
    const base = BASE.toUpperCase().replaceAll(',', ', ');
    const world = await startWorld({
      settings: { directory: { base }, script: { command, launcher, killGrace: '10s' } },
    });
    try {
      const uid = await world.account();
      await world.ask(uid, 'add');
      await expect.poll(() => runsIn(journal), { timeout: 20_000, interval: 5 }).toHaveLength(1);
      await world.service.kill9();
      world.service.start();
      await world.finished(uid, 'add');
      expect(runsIn(journal), world.tell(uid)).toEqual([expect.any(String), expect.stringMatching(/^\d+ $/)]);
    } finally {
      await world.stop();
      for (const run of runsIn(journal)) signalGroup(Number.parseInt(run, 10), 'SIGKILL');
    }
  });
});
