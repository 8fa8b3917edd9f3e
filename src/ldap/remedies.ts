/** The texts for operators about result codes. */
import { defined } from '../domain/defined.ts';
import { DirectoryError } from '../domain/directory-error.ts';

interface ResultText {
  readonly name: string;
  readonly remedy?: string;
}

/**
 * Result codes of RFC 4511 (appendix A.1), RFC 4533, RFC 4528 and RFC 3909. Each has its remedy.
 */
const RESULT_TEXTS: Readonly<Record<number, ResultText>> = {
  0: { name: 'success' },
  1: {
    name: 'operations error',
    remedy: 'see the log of the directory server; a bind may be missing (directory.bindDn)',
  },
  2: { name: 'protocol error', remedy: 'see the log of the directory server: it did not understand the request' },
  3: {
    name: 'time limit exceeded',
    remedy:
      'raise the time limit of the account in directory.bindDn (slapd: limits dn.exact="..." time=unlimited; 389: nsTimeLimit -1) and index the attributes of the filter',
  },
  4: {
    name: 'size limit exceeded',
    remedy:
      'the account in directory.bindDn may not read all open accounts, and a partial list is never taken for the whole: lift its size limit (slapd: limits dn.exact="..." size=unlimited; 389: nsSizeLimit -1 on the bind entry)',
  },
  7: { name: 'authentication method not supported', remedy: 'allow simple binds in the directory server' },
  8: {
    name: 'stronger authentication required',
    remedy:
      'the server wants encryption or a bind: set directory.startTls: true or use ldaps://, and set directory.bindDn',
  },
  10: {
    name: 'referral',
    remedy: 'this server is a read-only replica: put the URL of the provider first in directory.url',
  },
  11: {
    name: 'administrative limit exceeded',
    remedy:
      'index the attributes of the filter in the directory server, or raise its look-through limit for the account in directory.bindDn',
  },
  12: {
    name: 'critical extension unavailable',
    remedy: 'the directory server lacks a control that the request needs: see its log, or use a server that has it',
  },
  13: { name: 'confidentiality required', remedy: 'set directory.startTls: true or use ldaps://' },
  16: { name: 'no such attribute' },
  17: {
    name: 'undefined attribute type',
    remedy: 'load the schema of the accounts into the directory, or correct attributes: in the configuration',
  },
  18: { name: 'inappropriate matching' },
  19: { name: 'constraint violation' },
  20: { name: 'attribute or value exists' },
  21: {
    name: 'invalid attribute syntax',
    remedy:
      'the schema of the directory does not accept that value: compare attributes: in the configuration with the schema',
  },
  32: {
    name: 'no such object',
    remedy:
      'the base does not exist, or the account in directory.bindDn has no right to search it: check directory.base and the access rules (auth: external: `check` says as whom the server knows the service)',
  },
  34: { name: 'invalid DN syntax', remedy: 'correct directory.base or directory.bindDn in the configuration' },
  48: {
    name: 'inappropriate authentication',
    remedy: 'the account in directory.bindDn has no password in the directory: set one',
  },
  49: {
    name: 'invalid credentials',
    remedy:
      'check directory.bindDn and its password (bindPasswordFile, bindPassword or PROV_BIND_PASSWORD); the password file is read again at each attempt; a password policy may have locked the account or let its password expire',
  },
  50: {
    name: 'insufficient access rights',
    remedy:
      'let the account in directory.bindDn read the accounts and write their sstProvisioning attributes (auth: external: `check` says as whom the server knows the service); where a password policy first asks for a new password (pwdReset), give it one',
  },
  51: { name: 'busy', remedy: 'the directory server is overloaded: it is tried again by itself' },
  52: {
    name: 'unavailable',
    remedy: 'the directory server is shutting down or its database is not served: it is tried again by itself',
  },
  53: {
    name: 'unwilling to perform',
    remedy:
      "the server's configuration forbids it (read-only mode, a bind without password, a policy): its own words say which; see its log",
  },
  65: {
    name: 'object class violation',
    remedy:
      'the schema of the directory does not allow that attribute on the entry: compare attributes: with the schema',
  },
  68: { name: 'entry already exists' },
  80: { name: 'other error', remedy: 'see the log of the directory server' },
  90: { name: 'answer too large', remedy: 'remove the values that make the entry so large' },
  118: { name: 'canceled', remedy: 'somebody ended the search in the server: it is started again by itself' },
  122: { name: 'assertion failed' },
  4096: { name: 'refresh required', remedy: 'the search is started again from the beginning, by itself' },
};

/** The name of a result code, for messages. */
export function resultName(code: number): string {
  return RESULT_TEXTS[code]?.name ?? 'unknown result';
}

/** What to do about a result code; undefined if nothing general can be said. */
function remedyForResult(code: number): string | undefined {
  return RESULT_TEXTS[code]?.remedy;
}

/**
 * The error for an unexpected result. `doing` names the operation. `remedy` replaces the one in the
 * table.
 */
export function resultError(
  doing: string,
  result: { readonly resultCode: number; readonly diagnosticMessage?: string; readonly referrals?: readonly string[] },
  remedy: string | undefined = remedyForResult(result.resultCode),
): DirectoryError {
  const words = result.diagnosticMessage?.trim() ?? '';
  const referral =
    result.referrals !== undefined && result.referrals.length > 0 ? ` (to ${result.referrals.join(', ')})` : '';
  const message = `${doing}: ${resultName(result.resultCode)} (${result.resultCode})${words === '' ? '' : `: ${words}`}${referral}`;
  return new DirectoryError(message, {
    resultCode: result.resultCode,
    ...defined({ remedy }),
  });
}
