import { secretFindings } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';

/**
 * Reports who else can read the service's password or key. Returns no lines if no other user can.
 */
export async function checkSecrets(configFile: string, { directory }: Settings): Promise<CheckLine[]> {
  const findings = await secretFindings(configFile, directory);
  return findings.map(({ secret, readers, problem, remedy }) => ({
    verdict: readers === 'everybody' ? 'fail' : 'advice',
    what: secret,
    found: problem,
    remedy,
  }));
}
