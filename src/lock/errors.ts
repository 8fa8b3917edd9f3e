import { HostFault } from '../host/host-fault.ts';

/** Another service has the lock; the message says which one, and what to do. */
export class LockRefused extends Error {
  override readonly name = 'LockRefused';
}

/** No lock can be taken or judged on this host. */
export class LockFault extends HostFault {
  override readonly name = 'LockFault';
}
