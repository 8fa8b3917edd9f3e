import { defineHandler } from './define-handler.ts';
import { script } from './steps/chroot-script.ts';
import { homeCheck } from './steps/home-directory.ts';
import { quota } from './steps/quota.ts';
import { rsnapshot } from './steps/rsnapshot.ts';
import { userCheck } from './steps/user-check.ts';

/** add -> adding -> added. A new account gets its chroot, quota and backup configuration. */
export const add = defineHandler({ mode: 'add', steps: [userCheck, script, homeCheck, quota, rsnapshot] });
