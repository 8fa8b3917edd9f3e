import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import type { Connection } from '../ldap/connection.ts';
import { openConnection } from '../ldap/open-connection.ts';
import { resultError } from '../ldap/remedies.ts';
import { readLdapResult } from '../ldap/wire/ldap-result.ts';
import { encodeAdd, encodeDelete, encodeModify, encodeModifyDn } from '../ldap/wire/write-request.ts';
import type { LdifTarget } from './apply-ldif.ts';

/** What to do about a refused change, where that differs from what is to be done about a refused search. */
const REMEDIES: Readonly<Record<number, string>> = {
  [ResultCode.noSuchAttribute]: 'the entry does not have what the record deletes: read it again',
  [ResultCode.undefinedAttributeType]: 'load the schema into the directory (config/schema), or correct the name',
  [ResultCode.attributeOrValueExists]: 'the entry has that value already: leave it out',
  21: 'correct the value: the schema does not accept it',
  [ResultCode.noSuchObject]: 'the entry, or what it is to stand below, does not exist: check the DN',
  34: 'correct the DN',
  [ResultCode.insufficientAccessRights]:
    'the account that binds may not write this: bind as one that may (--bind-dn and --bind-password-file)',
  [ResultCode.objectClassViolation]:
    'the entry lacks an attribute or an object class, or has one too many: load the schema (config/schema), or correct the record',
  66: 'delete what stands below the entry first',
  [ResultCode.entryAlreadyExists]: 'the entry exists already: remove it first, or modify it',
};

/** The first of the access's URLs that can be bound to, for changes; `close` it in the end. Rejects with the last DirectoryError. */
export async function openDirectoryTarget(
  access: DirectoryAccess,
  signal: AbortSignal,
): Promise<{ readonly target: LdifTarget; readonly url: string; close(): void }> {
  let last: unknown = new DirectoryError('no URL of a directory is configured', { remedy: 'set directory.url' });
  for (const url of access.urls) {
    try {
      const connection = await openConnection(access, url, signal);
      return { target: targetOf(connection, access.timeoutMilliseconds), url, close: () => connection.close() };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

function targetOf(connection: Connection, timeoutMilliseconds: number): LdifTarget {
  const ask = async (request: Buffer): Promise<void> => {
    const timer = setTimeout(
      () => connection.fail(unanswered(connection.url, timeoutMilliseconds)),
      timeoutMilliseconds,
    );
    try {
      const result = await connection.ask(request, readLdapResult);
      if (result.resultCode === ResultCode.success) return;
      throw resultError('the directory refused it', result, REMEDIES[result.resultCode]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    add: (dn, attributes) => ask(encodeAdd(dn, attributes)),
    modify: (dn, modifications) => ask(encodeModify(dn, modifications)),
    delete: (dn) => ask(encodeDelete(dn)),
    rename: (dn, newRdn, deleteOldRdn, newSuperior) => ask(encodeModifyDn(dn, newRdn, deleteOldRdn, newSuperior)),
  };
}

function unanswered(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: no answer within ${milliseconds} ms; whether the change was made is not known`, {
    remedy: 'read the entry before it is tried again',
  });
}
