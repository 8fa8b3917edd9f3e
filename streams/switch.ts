import {
  catchError,
  defer,
  EMPTY,
  from,
  map,
  merge,
  mergeMap,
  type Observable,
  type ObservableInput,
  of,
  repeat,
  type SchedulerLike,
  switchMap,
  timer,
} from 'rxjs';
import type { ProtocolName } from '../src/domain/change.ts';
import type { SwitchPlace, SwitchReading } from '../src/domain/switch.ts';
import type { Connection } from '../src/ldap/connection.ts';
import type { Channel } from './protocols/protocol.ts';
import { PROTOCOLS } from './protocols/registry.ts';

export interface SwitchOptions extends SwitchPlace {
  /** The protocol of the subscription, at each connection; undefined while there is none. */
  readonly protocol$: Observable<ProtocolName | undefined>;
  /** Gives the connection for requests, which a refresh does not hold up. */
  readonly connection: () => ObservableInput<Pick<Connection, 'send' | 'abandon'>>;
  /** Reads the switch. Fails if the directory does not answer. */
  readonly read: () => ObservableInput<SwitchReading>;
  readonly scheduler?: SchedulerLike;
}

/**
 * The time between two readings, in milliseconds. The readings are necessary because no server
 * reports every change, and some servers report no change of this entry.
 */
const READ_EVERY = 10_000;

/**
 * Reads the switch at each connection, at each change that the directory reports, and periodically.
 * The changes come by a subscription to that one entry, with the protocol of the accounts. A change
 * only causes a reading. If several readings are under way, the latest counts.
 */
export function watchSwitch(options: SwitchOptions): Observable<SwitchReading> {
  const { protocol$, read, scheduler } = options;
  return protocol$.pipe(
    switchMap((protocol) =>
      protocol === undefined ? EMPTY : merge(timer(0, READ_EVERY, scheduler), changes(protocol, options)),
    ),
    // Without an answer nothing new is known. The connection reports its failure itself.
    switchMap(() => from(read()).pipe(catchError(() => EMPTY))),
  );
}

/**
 * Emits when the entry may have changed. If the server ends the subscription to it, the
 * subscription is repeated.
 */
function changes(name: ProtocolName, { dn, attribute, connection, scheduler }: SwitchOptions): Observable<unknown> {
  const content = { base: dn, scope: 'base', filter: '(objectClass=*)', attributes: [attribute] } as const;
  const watched$ = defer(connection).pipe(
    mergeMap((opened) => {
      const protocol = PROTOCOLS.find((one) => one.name === name);
      return protocol === undefined ? EMPTY : protocol.watch(channelOf(opened), content);
    }),
    map(() => undefined),
    catchError(() => of(undefined)),
  );
  return watched$.pipe(repeat({ delay: () => timer(READ_EVERY, scheduler) }));
}

/**
 * Without `refreshing`: a refresh of one entry that makes no progress must not close a connection
 * that also serves requests.
 */
function channelOf(connection: Pick<Connection, 'send' | 'abandon'>): Channel {
  return {
    send: (...request) => connection.send(...request),
    forget: (id) => connection.abandon(id),
    refreshing: () => {},
  };
}
