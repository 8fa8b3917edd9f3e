import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { counted } from '../domain/counted.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { GONE, PRESENCE_PREFIX } from '../domain/presence.ts';
import { leaseStore } from '../ldap/lease-store.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { runCheck } from './run-check.ts';

/** The name of the lease for this check. No uid begins with a dot, so no account has this lease. */
const TRIED = '.check';

/**
 * With several services, takes a lease that is only for checks and gives it back, writes a
 * presence, and lists all presences. The two entries stay. Returns no lines if the configuration
 * has no leases.
 */
export async function checkLeases(settings: Settings, operations: DirectoryOperations): Promise<CheckLine[]> {
  const { base } = settings.leases;
  if (settings.instances !== 'several' || base === null) return [];
  return [
    await runCheck(`leases ${base}`, async () => {
      try {
        return { verdict: 'ok', found: await tryLeases(base, operations) };
      } catch (error) {
        const remedy = error instanceof DirectoryError ? remedyFor(error, base, settings.directory.bindDn) : undefined;
        if (remedy === undefined) throw error;
        return { verdict: 'fail', found: (error as DirectoryError).message, remedy };
      }
    }),
  ];
}

async function tryLeases(base: string, operations: DirectoryOperations): Promise<string> {
  const store = leaseStore(operations, base);
  const values = await store.read(TRIED);
  const [before] = values ?? [];
  if (before === undefined) await store.add(TRIED, 'held by check');
  else await store.swap(TRIED, before, 'held by check');
  await store.swap(TRIED, 'held by check', 'free');
  await store.announce(`${PRESENCE_PREFIX}${TRIED}`, GONE);
  const { length } = await store.presences();
  return `a lease was taken and given back; ${counted(length, 'service', ['is', 'are'])} present`;
}

function remedyFor({ resultCode }: DirectoryError, base: string, bindDn: string | null): string | undefined {
  switch (resultCode) {
    case ResultCode.noSuchObject:
      return `add the entry ${base} (for example an organizationalUnit), or correct leases.base`;
    case ResultCode.insufficientAccessRights:
      return grants(base, bindDn ?? 'BINDDN');
    default:
      return undefined;
  }
}

/** The access rules to grant, in a form that can be pasted. */
function grants(base: string, bindDn: string): string {
  const slapd = `access to dn.subtree="${base}" by dn.exact="${bindDn}" write by * none`;
  const aci = `aci: (targetattr="*")(version 3.0; acl "leases"; allow (read, search, compare, add, write) userdn="ldap:///${bindDn}";)`;
  return `slapd: ${slapd} (before a rule for all); 389, at ${base}: ${aci}`;
}
