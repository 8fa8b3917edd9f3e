import type { Observable } from 'rxjs';
import type { DirectoryChange, ProtocolName } from '../../src/domain/change.ts';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { Connection } from '../../src/ldap/connection.ts';

/** What a subscription asks for: every entry under the base that matches. */
export interface WatchedContent {
  readonly base: string;
  readonly filter: string;
  readonly attributes: readonly string[];
}

/** What a protocol uses of the connection. */
export type Channel = Pick<Connection, 'send' | 'forget' | 'refreshing'>;

/** One way in which a server tells of changes. */
export interface Protocol {
  readonly name: ProtocolName;
  /** Its name for people. */
  readonly title: string;
  /**
   * The control that every server with this protocol names in its root DSE. Others may ignore it,
   * though it is critical, and never tell anything. Absent: the protocol itself shows whether the
   * server has it.
   */
  readonly namedControl?: string;
  /**
   * Watches the content on an open connection. Cold; emits `refreshing` as soon as the server has
   * taken the control, then entries, `refreshed`, and changes for ever. Ends only by a
   * DirectoryError; by `NotOffered` where the server does not have this protocol, and the
   * connection may then be used for another.
   */
  watch(connection: Channel, content: WatchedContent): Observable<DirectoryChange>;
}

/**
 * The server does not have the protocol: it refused its critical control, or took it and did not
 * honour it.
 */
export class NotOffered extends DirectoryError {
  static from({ message, resultCode, remedy }: DirectoryError): NotOffered {
    return new NotOffered(message, {
      ...(resultCode === undefined ? {} : { resultCode }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}

/** The clock of durations, in milliseconds. */
export type Now = () => number;
