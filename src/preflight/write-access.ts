import type { Settings } from '../../config/schema.ts';
import type { Found } from '../domain/check-line.ts';
import { DirectoryError, failureKind, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';

/**
 * Checks whether the service may write to an account. It requests the deletion of a value that does
 * not exist. A server that permits the write reports that the value is missing (16). Neither this
 * answer nor a refusal changes anything.
 */
export async function checkWriteAccess(
  { attributes }: Settings,
  operations: DirectoryOperations,
  sample: DirectoryEntry | undefined,
): Promise<Found> {
  if (sample === undefined) return { verdict: 'not tried', found: 'there is no account on which to check it' };
  const { mode, state, date, returnValue, executionTime } = attributes;
  const dateName = date.find((name) => sample.values(name).length > 0) ?? date[0];
  const names = [mode, state, dateName, returnValue, executionTime].filter((name) => typeof name === 'string');
  const refused: string[] = [];
  for (const attribute of names) {
    const error = await refusalOf(operations, sample.dn, attribute);
    switch (error?.resultCode) {
      case ResultCode.insufficientAccessRights:
        refused.push(attribute);
        break;
      case ResultCode.undefinedAttributeType:
        return {
          verdict: attribute === mode || attribute === state ? 'fail' : 'advice',
          found: `the directory does not know the attribute ${attribute}`,
          remedy: `load the schema (config/schema/), or correct attributes: in the configuration`,
        };
      case ResultCode.unwillingToPerform:
      case ResultCode.referral:
        return {
          verdict: 'fail',
          found: `the server does not accept writes: ${error?.message}`,
          remedy:
            'the server is a read-only replica, or is set to read-only: put the URL of the provider first in directory.url',
        };
      default:
        if (error !== undefined) throw error;
    }
  }
  if (refused.length === 0) return { verdict: 'ok', found: `${names.join(', ')} on ${sample.dn}` };
  return {
    verdict: 'fail',
    found: `the bind account may not write ${refused.join(', ')} on ${sample.dn}`,
    remedy: `slapd: access to dn.subtree="BASE" attrs=${names.join(',')} by dn.exact="BINDDN" write; 389: an aci that allows write`,
  };
}

/** The error with which the server refuses a write; undefined if only the value is missing. */
async function refusalOf(
  operations: DirectoryOperations,
  dn: string,
  attribute: string,
): Promise<DirectoryError | undefined> {
  try {
    await operations.modify(dn, [{ operation: 'delete', attribute, values: ['-20000101'] }]);
    return undefined;
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    const { undefinedAttributeType, inappropriateMatching } = ResultCode;
    if (error.resultCode === undefinedAttributeType) return error;
    const isAboutValue = ['mismatch', 'gone', 'unfit'].includes(failureKind(error));
    return isAboutValue || error.resultCode === inappropriateMatching ? undefined : error;
  }
}
