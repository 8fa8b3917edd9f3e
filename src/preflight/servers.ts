import type { CheckLine } from '../domain/check-line.ts';
import { isDomain, lookUp } from '../ldap/servers.ts';
import { runCheck } from './run-check.ts';

/**
 * Looks up each domain (`srv:DOMAIN`) among the servers. Resolves to the URLs to check, with a line
 * for each domain.
 */
export async function checkServers(
  written: readonly string[],
): Promise<{ readonly urls: readonly string[]; readonly lines: readonly CheckLine[] }> {
  const urls: string[] = [];
  const lines: CheckLine[] = [];
  for (const text of written) {
    if (!isDomain(text)) {
      urls.push(text);
      continue;
    }
    const line = await runCheck(`servers ${text}`, async () => {
      const found = await lookUp([text]);
      urls.push(...found);
      return { verdict: 'ok', found: `${found.join(', ')}, according to DNS, at the moment in this order` };
    });
    lines.push(line);
  }
  return { urls: [...new Set(urls)], lines };
}
