import { secretFindings } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';

/**
 * Reports who else can read the service's passwords, key or headers. Returns no lines if no other
 * user can.
 */
export async function checkSecrets(configFile: string, settings: Settings): Promise<CheckLine[]> {
  const findings = await secretFindings(configFile, settings);
  return findings.map(({ secret, readers, problem, remedy }) => ({
    verdict: readers === 'everybody' ? 'fail' : 'advice',
    what: secret,
    found: problem,
    remedy,
  }));
}
