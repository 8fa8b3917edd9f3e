import { defineHandler } from './define-handler.ts';
import { script } from './steps/chroot-script.ts';
import { quotaCleared } from './steps/quota.ts';
import { rsnapshotRemoved } from './steps/rsnapshot.ts';

/** delete -> deleting -> deleted: no further backup runs before the chroot goes; the quota is cleared last. */
export const remove = defineHandler({ mode: 'delete', steps: [rsnapshotRemoved, script, quotaCleared] });
