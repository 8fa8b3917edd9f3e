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

/** The pause before the deletes are counted again, in milliseconds. */
const COUNT_INTERVAL = 10_000;
/** How far the clock of the directory may be behind. Each delete is judged by its own stamp. */
const CLOCK_SLACK = 300_000;

/**
 * Counts the deletes of the last time that the directory shows, at each connection, as others may
 * have done some meanwhile. Until they are counted the first time, no delete is begun. So a brake
 * that stopped deletes stops them again after a restart within its time. Without a brake it does
 * nothing.
 */
export function obeyBrake(
  dependencies: BrakeDependencies,
  connection$: Observable<ProtocolName | undefined>,
): Subscription | undefined {
  const { gate, notice } = dependencies;
  if (gate.brake === undefined) return undefined;
  gate.awaitCount();
  let told = false;
  const counted$ = defer(() => from(countDeletes(dependencies))).pipe(
    tap(() => {
      told = false;
      gate.counted();
    }),
    retry({
      delay: (error: unknown) => {
        // Without an answer the connection tells why, and the deletes are counted at the next one.
        if (!(error instanceof DirectoryError) || error.resultCode === undefined) return EMPTY;
        if (!told) notice(`the deletes for brake.deletes cannot be counted, and are tried again: ${error.sentence}`);
        told = true;
        return timer(COUNT_INTERVAL);
      },
    }),
    catchError(() => EMPTY),
  );
  return connection$.pipe(switchMap((protocol) => (protocol === undefined ? EMPTY : counted$))).subscribe();
}

/** Tells the gate of the deletes that the directory shows to be begun or finished lately. */
async function countDeletes({ settings, operations, gate, now }: BrakeDependencies): Promise<void> {
  const { directory, attributes: names } = settings;
  const since = now() - (gate.brake?.rules.within ?? 0) - CLOCK_SLACK;
  const words = MODES.filter(destroys).flatMap((mode) => [WORDS[mode].inWork, WORDS[mode].finished]);
  const modes = words.map((word) => `(${names.mode}=${word})`).join('');
  const filter = `(&${directory.filter}(|${modes})(modifyTimestamp>=${generalizedTime(new Date(since))}))`;
  const request = { filter, attributes: attributesToRead(names) };
  await operations.search(request, { pageSize: PAGE_SIZE }, (entry) => tell(entry, settings, gate));
}

function tell(entry: DirectoryEntry, { attributes: names }: Pick<Settings, 'attributes'>, gate: Gate): void {
  const reading = readAccount(entry, names, null);
  if (reading.kind !== 'account') return;
  const { record } = reading;
  const isFinished = readMode(record.mode)?.phase === 'finished';
  const at = isFinished ? readStateTimestamp(record.state) : record.modifiedAt;
  if (at !== undefined) gate.sawDelete(identityOf(record), at);
}
