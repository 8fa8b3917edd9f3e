import { defineHandler } from './define-handler.ts';
import { script } from './steps/chroot-script.ts';
import { quotaCleared } from './steps/quota.ts';
import { rsnapshotRemoved } from './steps/rsnapshot.ts';

/**
 * delete -> deleting -> deleted. The backup configuration is removed first, so that no backup
 * starts while the script removes the chroot. The quota is cleared last.
 */
export const remove = defineHandler({ mode: 'delete', steps: [rsnapshotRemoved, script, quotaCleared] });
