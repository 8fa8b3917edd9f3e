import { type Dn, dnKey, isWithin } from '../../domain/dn.ts';
import { type StoredEntry, without } from './entry.ts';
import { Code, Refusal } from './refusal.ts';
import { isProvisioning } from './schema.ts';

/** Who may do what in the embedded directory: the rights that a real one would give. */
export interface Rights {
  readonly administrator: Dn;
  /** Reads everything but passwords; writes the provisioning attributes below `accounts`, nothing else. */
  readonly service: Dn;
  readonly accounts: Dn;
}

/** Who is asking; empty for anonymous. */
export type Subject = Dn;

/** Refuses a write of these attributes; `attributes` is undefined for adding, deleting and renaming an entry. */
export function checkWrite(rights: Rights, subject: Subject, dn: Dn, attributes: readonly string[] | undefined): void {
  if (isSame(subject, rights.administrator)) return;
  const allowed =
    isSame(subject, rights.service) && isWithin(dn, rights.accounts) && (attributes?.every(isProvisioning) ?? false);
  if (!allowed) {
    const message = subject.length === 0 ? 'modifications require authentication' : 'no write access';
    throw new Refusal(Code.insufficientAccessRights, message);
  }
}

/** The entry as the subject may see it. */
export function visible(rights: Rights, subject: Subject, entry: StoredEntry): StoredEntry {
  return isSame(subject, rights.administrator) ? entry : without(entry, ['userpassword']);
}

function isSame(left: Dn, right: Dn): boolean {
  return dnKey(left) === dnKey(right);
}
