import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { GONE, PRESENCE_PREFIX } from '../domain/presence.ts';
import { leaseStore } from '../ldap/lease-store.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { runCheck } from './run-check.ts';

/** The name of the lease that is tried. No uid begins with a dot, so no account has it. */
const TRIED = '.check';

/**
 * With several services: takes a lease of its own, and gives it back; writes a presence, and lists
 * all. The two entries stay. No lines if the configuration has no leases.
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
  return `one was taken and given back; ${length} ${length === 1 ? 'service is' : 'services are'} there`;
}

function remedyFor({ resultCode }: DirectoryError, base: string, bindDn: string | null): string | undefined {
  switch (resultCode) {
    case ResultCode.noSuchObject:
      return `add the entry ${base} (an organizationalUnit, say), or correct leases.base`;
    case ResultCode.insufficientAccessRights:
      return grants(base, bindDn ?? 'BINDDN');
    default:
      return undefined;
  }
}

/** What to grant, to be pasted. */
function grants(base: string, bindDn: string): string {
  const slapd = `access to dn.subtree="${base}" by dn.exact="${bindDn}" write by * none`;
  const aci = `aci: (targetattr="*")(version 3.0; acl "leases"; allow (read, search, compare, add, write) userdn="ldap:///${bindDn}";)`;
  return `slapd: ${slapd} (before a rule for all); 389, at ${base}: ${aci}`;
}
