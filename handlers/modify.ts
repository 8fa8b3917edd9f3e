import { defineHandler } from './define-handler.ts';
import { script } from './steps/chroot-script.ts';
import { homeCheck } from './steps/home-directory.ts';
import { quota } from './steps/quota.ts';
import { rsnapshot } from './steps/rsnapshot.ts';
import { userCheck } from './steps/user-check.ts';

/**
 * modify -> modifying -> modified. The chroot, the quota and the backup configuration of an account
 * are updated by its entry.
 */
export const modify = defineHandler({ mode: 'modify', steps: [userCheck, script, homeCheck, quota, rsnapshot] });
