import { ReturnCode } from '../domain/return-code.ts';
import { faultOfUid } from '../domain/uid.ts';
import { accountLdif } from '../ldif/account-ldif.ts';
import { CannotWriteLdif, writeLdifFiles } from '../ldif/write-files.ts';
import { CommandFailure, UsageError } from './run-action.ts';

export interface CreateOptions {
  readonly uid: string;
  readonly reseller: string;
  readonly customer: string;
  readonly people: string;
  readonly givenname: string;
  readonly surname: string;
  readonly out: string;
  readonly base: string;
  readonly quota: string;
  readonly home?: string;
  readonly dateAttribute: string;
  readonly force: boolean;
}

/** Writes the four files and prints their paths. Returns the exit code of the process. */
export async function createLdif(options: CreateOptions): Promise<number> {
  const fault = faultOf(options);
  if (fault !== undefined) throw new UsageError(fault);
  const home = options.home ?? `/var/backup/${options.uid}/chroot/./home/${options.uid}`;
  try {
    const paths = await writeLdifFiles(options.out, accountLdif({ ...options, home }), { force: options.force });
    process.stdout.write(`${paths.join('\n')}\n`);
    return ReturnCode.SUCCESS;
  } catch (error) {
    if (!(error instanceof CannotWriteLdif)) throw error;
    throw new CommandFailure(error.message);
  }
}

function faultOf(options: CreateOptions): string | undefined {
  const { uid, reseller, customer, people, givenname, surname, base, home, quota, dateAttribute } = options;
  const uidFault = faultOfUid(uid);
  if (uidFault !== undefined) return `--uid: ${uidFault}`;
  for (const [name, value] of Object.entries({ reseller, customer, people, givenname, surname })) {
    if (value.trim() === '') return `--${name} is empty`;
    if (value.includes('\ufffd')) return `--${name} is not UTF-8 text`;
  }
  if (!/^[A-Za-z0-9.;-]+=./.test(base)) return '--base is not a DN, such as ou=accounts,dc=example,dc=org';
  if (!/^(?:0|[1-9]\d*)$/.test(quota)) return '--quota is not a whole number of bytes';
  if (home !== undefined && !home.startsWith('/')) return '--home is not an absolute path';
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(dateAttribute)) return '--date-attribute is not the name of an attribute';
  return undefined;
}
