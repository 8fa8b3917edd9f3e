import { passwordFindings } from '../../config/password.ts';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';

/** Says whether others than the service may read its password; nothing where they may not. */
export async function checkPassword(configFile: string, { directory }: Settings): Promise<CheckLine[]> {
  const findings = await passwordFindings(configFile, directory);
  return findings.map(({ readers, problem, remedy }) => ({
    verdict: readers === 'everybody' ? 'fail' : 'advice',
    what: 'password',
    found: problem,
    remedy,
  }));
}
