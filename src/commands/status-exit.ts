import type { ServiceSnapshot } from '../domain/status.ts';
import { CommandExit } from './run-action.ts';

/** The exit code of `status`, for monitoring: whether the service needs a hand. */
export function exitCodeFor({ ready, stuck }: ServiceSnapshot): number {
  return ready && stuck === 0 ? CommandExit.OK : CommandExit.NOT_OK;
}
