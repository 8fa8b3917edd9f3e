import { defineHandler } from './define-handler.ts';
import { script } from './steps/chroot-script.ts';
import { homeCheck } from './steps/home-directory.ts';
import { quota } from './steps/quota.ts';
import { rsnapshot } from './steps/rsnapshot.ts';
import { userCheck } from './steps/user-check.ts';

/** modify -> modifying -> modified: an account's chroot, quota and backup configuration follow its entry. */
export const modify = defineHandler({ mode: 'modify', steps: [userCheck, script, homeCheck, quota, rsnapshot] });
