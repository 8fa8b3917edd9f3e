// The service's subscription for all accounts: each entry is decoded and read as an account.
// Arguments: URL DN PASSWORD BASE FILTER EXPECTED. Ends at the end of the refresh. Built like the
// service.
import { readAccount } from '../../src/domain/read-account.ts';
import type { DirectoryAccess } from '../../src/ldap/access.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import { NAMES, RULES } from '../../test/support/accounts.ts';

const [url, bindDn, password, base, filter, expected] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const access: DirectoryAccess = {
  urls: [url],
  startTls: false,
  tls: { caFile: null, client: null },
  authentication: { method: 'simple', dn: bindDn, readPassword: async () => password },
  timeoutMilliseconds: 30_000,
};

let accounts = 0;
const content = { base, filter, attributes: ['*'], protocol: 'syncrepl', deadAfterMilliseconds: 60_000 } as const;
const subscription = subscribeOnce({ access, url, ...content }).subscribe({
  next: (change) => {
    if (change.kind === 'entry' && readAccount(change.entry, NAMES, RULES).kind === 'account') accounts += 1;
    if (change.kind !== 'refreshed') return;
    subscription.unsubscribe();
    if (accounts !== Number(expected)) {
      console.error(`${accounts} accounts instead of ${expected}`);
      process.exitCode = 1;
    }
  },
  error: (error) => {
    console.error(error);
    process.exitCode = 1;
  },
});
