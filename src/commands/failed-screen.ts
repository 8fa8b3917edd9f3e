import { defined } from '../domain/defined.ts';
import type { ServiceSnapshot } from '../domain/status.ts';
import { visible } from '../domain/visible.ts';
import { causeWords } from '../observability/condition-words.ts';
import { localTime } from '../observability/human-time.ts';
import { wrap } from '../observability/wrap.ts';
import { FailureGroups } from '../operator/failure-groups.ts';

/** All failures, grouped by their cause, with the uids of each group and what to do. */
export function renderFailures({ failed, time }: ServiceSnapshot, columns: number): string {
  if (failed.length === 0) return 'No account has failed.';
  const groups = new FailureGroups(Number.POSITIVE_INFINITY);
  for (const { since, step, cause, ...account } of failed) {
    const words = defined({ step, cause });
    groups.add({ ...account, ...words, since: since === undefined ? undefined : Date.parse(since) });
  }
  const blocks = groups.groups().map((group) => {
    const { count, first, last, uids } = group;
    const when =
      first === undefined || last === undefined ? '' : `; ${localTime(first, time)} to ${localTime(last, time)}`;
    return [
      ...wrap(visible(`${count} x ${causeWords(group)}${when}`), columns),
      ...wrap(uids.join(' '), columns - 2).map((line) => `  ${visible(line)}`),
    ];
  });
  const ask =
    'to request them again: prov-backup-rsnapshot retry UID..., or --code CODE, or --failed; --preview shows which';
  return [...blocks.flat(), ...wrap(ask, columns)].join('\n');
}
