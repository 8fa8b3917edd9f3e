import { errorText } from '../domain/error-text.ts';
import { HostFault } from '../host/host-fault.ts';
import { shortageIn } from '../host/shortage.ts';

/** Another service holds the lock. The message names it and says what to do. */
export class LockRefused extends Error {
  override readonly name = 'LockRefused';
}

/** No lock can be taken or read on this host. */
export class LockFault extends HostFault {
  override readonly name = 'LockFault';
}

/** The fault of a file for locks. `purpose`: what it is for. */
export function unusable(file: string, purpose: string, cause: unknown): HostFault {
  const shortage = shortageIn(cause);
  if (shortage !== undefined) return shortage;
  return new LockFault(
    `${file}, for ${purpose}, cannot be used (${errorText(cause)})`,
    'make room where there is none, or remove it',
    cause,
  );
}
