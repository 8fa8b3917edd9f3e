import type { Settings } from '../../config/schema.ts';
import type { Journal } from '../journal/journal.ts';
import { groupNumber } from '../script/group-number.ts';

/**
 * Opens the journal if the settings have one. A group that the host does not know gets no rights,
 * and `notice` is called with the reason.
 */
export async function openServiceJournal(
  { journal, operator }: Settings,
  notice: (message: string) => void,
): Promise<Journal | undefined> {
  const { directory, keep, maxSize } = journal;
  if (directory === null) return undefined;
  const { openJournal } = await import('../journal/journal.ts');
  const group = operator.group === null ? undefined : await groupNumber(operator.group);
  if (group === undefined && operator.group !== null)
    notice(
      `${operator.group} is not a group of this host, so only its owner may read the journal; check operator.group`,
    );
  return openJournal({ directory, group, keepMilliseconds: keep, maxBytes: maxSize, now: Date.now, notice });
}
