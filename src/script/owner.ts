import { readProcess } from './process-group.ts';

/** The variable that tells in an environment which service a process works for. */
export const OWNER_VARIABLE = 'PROV_SERVICE';
/** The variable that tells in a launcher's environment below which DN the accounts of its service are. */
export const BASE_VARIABLE = 'PROV_BASE';

let mark: string | undefined;

/** This process, named for good: its pid and when it started, in clock ticks since boot. */
export function ownerMark(): string {
  mark ??= `${process.pid}.${readProcess(process.pid)?.startedAt ?? ''}`;
  return mark;
}

/** Whether the environment names a service that is no more. */
export function isOrphaned(environment: readonly string[]): boolean {
  const [, pid, startedAt] = /^(\d+)\.(\d+)$/.exec(valueIn(environment, OWNER_VARIABLE) ?? '') ?? [];
  if (pid === undefined) return false;
  const owner = readProcess(Number(pid));
  return owner === undefined || owner.startedAt !== startedAt || owner.state === 'Z';
}

/** The value of a variable in lines of NAME=VALUE. */
export function valueIn(environment: readonly string[], name: string): string | undefined {
  return environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}
