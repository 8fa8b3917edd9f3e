import type { Handler } from '../src/domain/job.ts';
import { type AvailableSteps, present } from './available-steps.ts';

/** modify -> modifying -> modified: an account's chroot, quota and backup configuration follow its entry. */
export function modifyHandler({ user, script, home, quota, rsnapshot }: AvailableSteps): Handler {
  return { mode: 'modify', steps: present(user, script, home, quota, rsnapshot) };
}
