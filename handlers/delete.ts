import type { Handler } from '../src/domain/job.ts';
import { type AvailableSteps, present } from './available-steps.ts';

/** delete -> deleting -> deleted: no further backup runs before the chroot goes; the quota is cleared last. */
export function deleteHandler({ rsnapshotRemoved, script, quotaCleared }: AvailableSteps): Handler {
  return { mode: 'delete', steps: present(rsnapshotRemoved, script, quotaCleared) };
}
