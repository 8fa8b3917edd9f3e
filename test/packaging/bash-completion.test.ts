import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testCompletion } from './completion-cases.ts';

const COMPLETION = join(import.meta.dirname, '../../packaging/completion/prov-backup-rsnapshot.bash');

describe('the completion for bash', () => {
  const shell = testCompletion('bash', [`source '${COMPLETION}'`]);

  it('completes the file of --config=', async () => {
    expect(await shell().complete('prov-backup-rsnapshot check --config=rec')).toEqual(['check', '--config=record']);
  });
});
