import type { Observable } from 'rxjs';
import type { DirectoryChange, ProtocolName } from '../../src/domain/change.ts';
import { defined } from '../../src/domain/defined.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { Connection } from '../../src/ldap/connection.ts';

/** The content of a subscription: every entry at or below the base that matches the filter. */
export interface WatchedContent {
  readonly base: string;
  /** `base`: only the entry at the base. Default: `subtree`. */
  readonly scope?: 'base' | 'subtree';
  readonly filter: string;
  readonly attributes: readonly string[];
}

/** What a protocol uses of the connection. */
export type Channel = Pick<Connection, 'send' | 'forget' | 'refreshing'>;

/** A protocol by which a server reports changes. */
export interface Protocol {
  readonly name: ProtocolName;
  /** Its name for people. */
  readonly title: string;
  /**
   * The control that every server with this protocol names in its root DSE. A server that does not
   * name it may ignore it, though it is critical, and never report a change. Undefined: only the
   * protocol itself shows whether the server has it.
   */
  readonly namedControl?: string;
  /**
   * Watches the content on an open connection. Cold: emits `refreshing` as soon as the server has
   * accepted the control, then entries, `refreshed`, and changes for ever. Ends only with a
   * DirectoryError. It is a `NotOffered` if the server does not have this protocol; the connection
   * may then be used for another one.
   */
  watch(connection: Channel, content: WatchedContent): Observable<DirectoryChange>;
}

/**
 * The server does not have the protocol: it does not name its control, refused it though it is
 * critical, or accepted it and did not honour it.
 */
export class NotOffered extends DirectoryError {
  static from({ message, resultCode, remedy }: DirectoryError): NotOffered {
    return new NotOffered(message, {
      ...defined({ resultCode, remedy }),
    });
  }
}

/** A monotonic clock, in milliseconds. */
export type Now = () => number;
