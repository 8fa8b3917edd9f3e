import type { ServiceSnapshot } from '../../domain/status.ts';

/** What a service may report besides the rest of its snapshot. */
export interface Reported {
  /** Why nothing new is taken up, or no deletes: the oldest first. */
  readonly pauses?: ReadonlyArray<{
    readonly by: string;
    readonly holds: string;
    readonly reason: string;
    readonly since: string;
    readonly who?: string;
  }>;
  /** Where it writes to. */
  readonly outlets?: ReadonlyArray<{ readonly outlet: string; readonly lost: number; readonly failure?: string }>;
}

export function reportedIn(snapshot: ServiceSnapshot): Reported {
  return snapshot as ServiceSnapshot & Reported;
}
