import { statSync } from 'node:fs';
import { systemCode } from '../host/host-fault.ts';

/** The configuration file of every command, unless `-c` names another one. */
export const DEFAULT_CONFIG = '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml';

/** Whether a file exists at that path, even if this user may not read it. */
export function hasDefaultConfig(): boolean {
  try {
    statSync(DEFAULT_CONFIG);
    return true;
  } catch (error) {
    const code = systemCode(error);
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
