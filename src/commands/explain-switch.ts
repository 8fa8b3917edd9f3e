import { DirectoryError } from '../domain/directory-error.ts';
import { visible } from '../domain/visible.ts';
import { readSwitch } from '../ldap/switch-entry.ts';
import type { DirectorySession } from './directory-session.ts';

/**
 * Returns lines about the switch if it pauses all accounts or cannot be read. Returns no lines
 * while it is on, or if there is none.
 */
export async function explainSwitch({ settings, directory }: DirectorySession): Promise<string[]> {
  const { dn, attribute } = settings.switch;
  if (dn === null) return [];
  const words = (what: string) => [visible(`The switch ${dn} ${what}.`), ''];
  try {
    const reading = await readSwitch(directory, { dn, attribute });
    if (reading.is === 'unreadable') {
      return words(`cannot be read: ${reading.reason}; a service that starts now is paused`);
    }
    return reading.is === 'on' ? [] : words(`is FALSE (${attribute}): no new work begins until it is TRUE`);
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return words(`cannot be read: ${error.message}`);
  }
}
