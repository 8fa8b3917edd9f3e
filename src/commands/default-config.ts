import { statSync } from 'node:fs';
import { systemCode } from '../host/host-fault.ts';

/** Where every command finds its configuration unless `-c` names another one. */
export const DEFAULT_CONFIG = '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml';

/** Whether there is something at that path, even if this user may not read it. */
export function hasDefaultConfig(): boolean {
  try {
    statSync(DEFAULT_CONFIG);
    return true;
  } catch (error) {
    const code = systemCode(error);
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
