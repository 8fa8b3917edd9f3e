import type { Handler } from '../src/domain/job.ts';
import { type AvailableSteps, present } from './available-steps.ts';

/** add -> adding -> added: a new account gets its chroot, quota and backup configuration. */
export function addHandler({ user, script, home, quota, rsnapshot }: AvailableSteps): Handler {
  return { mode: 'add', steps: present(user, script, home, quota, rsnapshot) };
}
