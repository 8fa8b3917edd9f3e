import { catchError, defer, EMPTY, from, type Observable, retry, type Subscription, switchMap, tap, timer } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import { identityOf } from '../../streams/accounts/identity.ts';
import type { Gate } from '../../streams/gate.ts';
import type { ProtocolName } from '../domain/change.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { destroys, MODES, readMode, WORDS } from '../domain/mode.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import { generalizedTime, readStateTimestamp } from '../domain/timestamp.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { PAGE_SIZE } from '../ldap/search.ts';

interface BrakeDependencies {
  readonly settings: Pick<Settings, 'directory' | 'attributes'>;
  readonly operations: DirectoryOperations;
  readonly gate: Gate;
  /** Called with a sentence for an operator. */
  readonly notice: (message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** How long to wait before the deletes are counted again, in milliseconds. */
const COUNT_INTERVAL = 10_000;
/**
 * How far the clock of the directory may be behind, in milliseconds. The search goes back this much
 * further. Each delete is then judged by its own stamp.
 */
const CLOCK_SLACK = 300_000;

/**
 * Counts the recent deletes that the directory shows, at each connection, because other services
 * may have done some meanwhile. No delete begins before the first count. Therefore a brake that has
 * stopped deletes stops them again if the service restarts within the period of the brake. Without
 * a brake this does nothing.
 */
export function obeyBrake(
  dependencies: BrakeDependencies,
  connection$: Observable<ProtocolName | undefined>,
): Subscription | undefined {
  const { gate, notice } = dependencies;
  if (gate.brake === undefined) return undefined;
  gate.awaitCount();
  let isReported = false;
  const counted$ = defer(() => from(countDeletes(dependencies))).pipe(
    tap(() => {
      isReported = false;
      gate.counted();
    }),
    retry({
      delay: (error: unknown) => {
        // Without an answer the connection has failed, and reports why. The next one counts the
        // deletes.
        if (!(error instanceof DirectoryError) || error.resultCode === undefined) return EMPTY;
        if (!isReported)
          notice(`the deletes for brake.deletes cannot be counted, and are tried again: ${error.sentence}`);
        isReported = true;
        return timer(COUNT_INTERVAL);
      },
    }),
    catchError(() => EMPTY),
  );
  return connection$.pipe(switchMap((protocol) => (protocol === undefined ? EMPTY : counted$))).subscribe();
}

/** Reports to the gate the deletes that, according to the directory, began or finished recently. */
async function countDeletes({ settings, operations, gate, now }: BrakeDependencies): Promise<void> {
  const { directory, attributes: names } = settings;
  const since = now() - (gate.brake?.rules.within ?? 0) - CLOCK_SLACK;
  const words = MODES.filter(destroys).flatMap((mode) => [WORDS[mode].inWork, WORDS[mode].finished]);
  const modes = words.map((word) => `(${names.mode}=${word})`).join('');
  const filter = `(&${directory.filter}(|${modes})(modifyTimestamp>=${generalizedTime(new Date(since))}))`;
  const request = { filter, attributes: attributesToRead(names) };
  await operations.search(request, { pageSize: PAGE_SIZE }, (entry) => countDelete(entry, settings, gate));
}

function countDelete(entry: DirectoryEntry, { attributes: names }: Pick<Settings, 'attributes'>, gate: Gate): void {
  const reading = readAccount(entry, names, null);
  if (reading.kind !== 'account') return;
  const { record } = reading;
  const isFinished = readMode(record.mode)?.phase === 'finished';
  const at = isFinished ? readStateTimestamp(record.state) : record.modifiedAt;
  if (at !== undefined) gate.sawDelete(identityOf(record), at);
}
