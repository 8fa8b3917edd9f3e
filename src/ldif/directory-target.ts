import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import type { Connection } from '../ldap/connection.ts';
import { openConnection } from '../ldap/open-connection.ts';
import { resultError } from '../ldap/remedies.ts';
import { search } from '../ldap/search.ts';
import { atFirstServer } from '../ldap/servers.ts';
import { readLdapResult } from '../ldap/wire/ldap-result.ts';
import { encodeAdd, encodeDelete, encodeModify, encodeModifyDn } from '../ldap/wire/write-request.ts';
import { TO_JUDGE } from './lost-answer.ts';
import type { LdifChange } from './record.ts';

/** The connection broke before an answer came. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  override readonly cause: DirectoryError;

  constructor(cause: DirectoryError) {
    super(cause.message, { cause });
    this.cause = cause;
  }
}

/** A connection over which changes are sent, one at a time. */
export interface ChangeConnection {
  readonly url: string;
  readonly closed: boolean;
  /**
   * Rejects with a DirectoryError if the directory refuses the change, and with `ConnectionLost` if
   * it does not answer.
   */
  send(dn: string, change: LdifChange): Promise<void>;
  /**
   * Reads the entry with the attributes of `TO_JUDGE`; undefined if it does not exist. Rejects as
   * `send` does.
   */
  read(dn: string): Promise<DirectoryEntry | undefined>;
  close(): void;
}

/** The remedy for a refused change, if it differs from that for a refused search. */
const REMEDIES: Readonly<Record<number, string>> = {
  [ResultCode.noSuchAttribute]: 'the entry does not have the value that the record deletes: read the entry again',
  [ResultCode.undefinedAttributeType]: 'load the schema into the directory (config/schema), or correct the name',
  [ResultCode.attributeOrValueExists]: 'the entry has that value already: remove the value from the record',
  [ResultCode.invalidAttributeSyntax]: 'correct the value: the schema does not accept it',
  [ResultCode.noSuchObject]: 'the entry, or its parent, does not exist: check the DN',
  [ResultCode.invalidDNSyntax]: 'correct the DN',
  [ResultCode.insufficientAccessRights]:
    'the bind account may not write this: use one that may (--bind-dn and --bind-password-file)',
  [ResultCode.objectClassViolation]:
    'the entry lacks an attribute or an object class, or has one that is not allowed: load the schema (config/schema), or correct the record',
  [ResultCode.notAllowedOnNonLeaf]: 'delete the entries below it first',
  [ResultCode.entryAlreadyExists]: 'the entry exists already: remove it first, or modify it',
};

/**
 * Connects to the first of the access's URLs to which it can bind. Rejects with the DirectoryError
 * of the last one.
 */
export async function connectForChanges(access: DirectoryAccess, signal: AbortSignal): Promise<ChangeConnection> {
  const connection = await atFirstServer(access.urls, (url) => openConnection(access, url, signal));
  return changesOver(connection, access.timeoutMilliseconds);
}

function changesOver(connection: Connection, timeoutMilliseconds: number): ChangeConnection {
  const { url } = connection;
  return {
    url,
    get closed() {
      return connection.closed;
    },
    send: async (dn, change) => {
      const timer = setTimeout(() => connection.fail(unanswered(url, timeoutMilliseconds)), timeoutMilliseconds);
      const answer = connection.ask(encode(dn, change), readLdapResult).catch(lost);
      const result = await answer.finally(() => clearTimeout(timer));
      if (result.resultCode === ResultCode.success) return;
      throw resultError('the directory refused the change', result, REMEDIES[result.resultCode]);
    },
    read: async (dn) => {
      let found: DirectoryEntry | undefined;
      const request = { base: dn, scope: 'base', filter: '(objectClass=*)', attributes: TO_JUDGE } as const;
      try {
        await search(connection, request, { timeoutMilliseconds }, (entry) => {
          found = entry;
        });
      } catch (error) {
        if (connection.closed) return lost(error);
        if (!(error instanceof DirectoryError) || error.resultCode !== ResultCode.noSuchObject) throw error;
      }
      return found;
    },
    close: () => connection.close(),
  };
}

function lost(error: unknown): never {
  throw error instanceof DirectoryError ? new ConnectionLost(error) : error;
}

function encode(dn: string, change: LdifChange): Buffer {
  switch (change.kind) {
    case 'add':
      return encodeAdd(dn, change.attributes);
    case 'modify':
      return encodeModify(dn, change.modifications);
    case 'delete':
      return encodeDelete(dn);
    case 'rename':
      return encodeModifyDn(dn, change.newRdn, change.deleteOldRdn, change.newSuperior);
  }
}

function unanswered(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: no answer within ${milliseconds} ms`);
}
