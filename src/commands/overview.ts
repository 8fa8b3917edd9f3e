import { parseConfig, readConfig } from '../../config/load-config.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { CommandExit } from './run-action.ts';

/**
 * What the program says without a command on a host that has a configuration: how its service
 * fares, and which commands there are for that.
 */
export async function overview(version: string): Promise<number> {
  const { listen } = parseConfig(await readConfig(DEFAULT_CONFIG), process.env, DEFAULT_CONFIG).operator;
  process.stdout.write(
    [
      `prov-backup-rsnapshot ${version}`,
      `configuration  ${DEFAULT_CONFIG}`,
      `service        ${await serviceWords(listen)}`,
      '',
      'check          tries everything that the service needs',
      'status         what the service is doing',
      'verify         accounts that are open, failed or unusable',
      'explain UID    what becomes of one account, and why',
      '--help         all commands; sandbox tries the service without a directory',
      '',
    ].join('\n'),
  );
  return CommandExit.OK;
}

async function serviceWords(listen: readonly string[] | null): Promise<string> {
  if (listen === null) return 'unknown: set operator.listen, and it can be asked';
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
