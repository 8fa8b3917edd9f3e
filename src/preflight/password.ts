import { passwordFindings } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';

/** Reports who else can read the service's password. Returns no lines if no other user can. */
export async function checkPassword(configFile: string, { directory }: Settings): Promise<CheckLine[]> {
  const findings = await passwordFindings(configFile, directory);
  return findings.map(({ readers, problem, remedy }) => ({
    verdict: readers === 'everybody' ? 'fail' : 'advice',
    what: 'password',
    found: problem,
    remedy,
  }));
}
