import { HostFault } from '../host/host-fault.ts';

/** Another service holds the lock. The message names it and says what to do. */
export class LockRefused extends Error {
  override readonly name = 'LockRefused';
}

/** No lock can be taken or read on this host. */
export class LockFault extends HostFault {
  override readonly name = 'LockFault';
}
