import type { Command } from 'commander';
import { parseConfig, readConfig } from '../../config/load-config.ts';
import { OperatorError, readAddress } from '../operator/listen-address.ts';
import { usableAddress } from '../operator/usable-address.ts';
import { DEFAULT_CONFIG, hasDefaultConfig } from './default-config.ts';
import { UsageError } from './run-action.ts';

export interface TargetOptions {
  readonly config?: string;
  readonly operator?: string;
}

/** Adds the two options that select a running service. */
export function withTargetOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      `the configuration file of the service; its operator.listen is used; default: ${DEFAULT_CONFIG}`,
    )
    .option('--operator <address>', 'the address of the service: 127.0.0.1:9465 or unix:/path');
}

/**
 * Resolves to the address of the operator interface of the running service. The files that the
 * configuration names are not read, so that a user of this command need not be allowed to read the
 * password.
 */
export async function operatorTarget({ config, operator }: TargetOptions): Promise<string> {
  return operator === undefined ? usableAddress(await addressesIn(config)) : checkedAddress(operator);
}

/** The addresses in this configuration file. */
async function addressesIn(config: string | undefined): Promise<readonly string[]> {
  if (config === undefined && !hasDefaultConfig())
    throw new UsageError(
      `no service is given, and ${DEFAULT_CONFIG} does not exist: give -c FILE or --operator ADDRESS`,
    );
  const file = config ?? DEFAULT_CONFIG;
  const { listen } = parseConfig(await readConfig(file), process.env, file).operator;
  if (listen !== null) return listen;
  throw new OperatorError(
    `${file}: operator.listen is null, so the service has no address`,
    'set operator.listen, for example to 127.0.0.1:9465, and restart the service',
  );
}

/**
 * Resolves to the Unix socket over which the running service takes orders. Rejects with an
 * `OperatorError` if it has none.
 */
export async function orderTarget(options: TargetOptions): Promise<string> {
  const { config, operator } = options;
  const addresses = operator === undefined ? await addressesIn(config) : [checkedAddress(operator)];
  const sockets = addresses.filter((address) => readAddress(address).kind === 'unix');
  if (sockets.length > 0) return usableAddress(sockets);
  throw new OperatorError(
    `${addresses.join(', ')} is not a Unix socket, and a service takes orders on its Unix socket only`,
    'set operator.listen to unix:/run/prov-backup-rsnapshot/operator.sock, and restart the service',
  );
}

function checkedAddress(operator: string): string {
  try {
    readAddress(operator);
    return operator;
  } catch (error) {
    if (error instanceof OperatorError) throw new UsageError(`--operator: ${error.message}\n  ${error.remedy}`);
    throw error;
  }
}
