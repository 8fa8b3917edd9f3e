import { parseConfig, readConfig } from '../../config/load-config.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { CommandExit } from './run-action.ts';

/**
 * Prints the overview: the state of the service and the most useful commands. The program prints it
 * if it is called without a command on a host that has a configuration.
 */
export async function overview(version: string): Promise<number> {
  const { listen } = parseConfig(await readConfig(DEFAULT_CONFIG), process.env, DEFAULT_CONFIG).operator;
  process.stdout.write(
    [
      `prov-backup-rsnapshot ${version}`,
      `configuration  ${DEFAULT_CONFIG}`,
      `service        ${await serviceWords(listen)}`,
      '',
      'check          checks everything that the service needs',
      'status         shows what the service is doing',
      'verify         lists accounts that are open, failed or unusable',
      'explain UID    says what happens to one account, and why',
      '--help         lists all commands; sandbox tries the service without a directory',
      '',
    ].join('\n'),
  );
  return CommandExit.OK;
}

async function serviceWords(listen: readonly string[] | null): Promise<string> {
  if (listen === null) return 'unknown: set operator.listen so that the state can be read';
  const { fetchStatus } = await import('../operator/fetch-status.ts');
  const { usableAddress } = await import('../operator/usable-address.ts');
  const { phaseWords } = await import('./status-screen.ts');
  try {
    const { connection, counts } = await fetchStatus(await usableAddress(listen));
    return `${phaseWords(connection.phase)}; ${counts.inWork} in work, ${counts.failed} failed`;
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
}
