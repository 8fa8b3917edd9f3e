import { ResultCode } from '../../domain/directory-error.ts';
import { type Dn, dnKey, isWithin } from '../../domain/dn.ts';
import { type StoredEntry, without } from './entry.ts';
import { Refusal } from './refusal.ts';
import { isProvisioning } from './schema.ts';

/** The rights in the embedded directory. They are those that a real directory would grant. */
export interface Rights {
  readonly administrator: Dn;
  /**
   * May read everything but passwords, and write only the provisioning attributes below `accounts`.
   */
  readonly service: Dn;
  readonly accounts: Dn;
}

/** The DN of the client; empty for anonymous. */
export type Subject = Dn;

/**
 * Throws a Refusal if the subject may not write these attributes. `attributes` is undefined for
 * adding, deleting and renaming.
 */
export function checkWrite(rights: Rights, subject: Subject, dn: Dn, attributes: readonly string[] | undefined): void {
  if (isSame(subject, rights.administrator)) return;
  const allowed =
    isSame(subject, rights.service) && isWithin(dn, rights.accounts) && (attributes?.every(isProvisioning) ?? false);
  if (!allowed) {
    const message = subject.length === 0 ? 'modifications require authentication' : 'no write access';
    throw new Refusal(ResultCode.insufficientAccessRights, message);
  }
}

/** Returns the entry with the attributes that the subject may see. */
export function visibleEntry(rights: Rights, subject: Subject, entry: StoredEntry): StoredEntry {
  return isSame(subject, rights.administrator) ? entry : without(entry, ['userpassword']);
}

function isSame(left: Dn, right: Dn): boolean {
  return dnKey(left) === dnKey(right);
}
