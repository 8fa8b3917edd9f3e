import { ConfigurationError } from '../../config/fault.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { ProcessExit } from '../domain/return-code.ts';

/** The settings of a command's configuration file; where it is faulty, says how, sets the exit code, and is undefined. */
export async function settingsOf(configFile: string): Promise<Settings | undefined> {
  try {
    return await loadConfig(configFile, process.env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = ProcessExit.FAULTY_CONFIGURATION;
    return undefined;
  }
}
