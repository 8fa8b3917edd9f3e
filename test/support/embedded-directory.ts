import { type EmbeddedDirectory, startEmbeddedDirectory } from '../../src/sandbox/embedded-directory.ts';
import { ADMINISTRATOR_DN } from '../../src/sandbox/tree.ts';
import { SERVICE_PASSWORD } from './accounts.ts';
import { TestDirectory } from './test-directory.ts';

/**
 * The embedded directory with the interface of the tests' other servers, their DNs and its
 * administrator's login.
 */
export class Embedded extends TestDirectory {
  readonly #directory: EmbeddedDirectory;

  constructor(directory: EmbeddedDirectory) {
    super({ url: directory.url, dn: ADMINISTRATOR_DN, password: 'secret' });
    this.#directory = directory;
  }

  async stop(): Promise<void> {
    await this.disconnect();
    await this.#directory.stop();
  }
}

/** Starts one on a free port. Call `stop` at the end. */
export async function startEmbedded(): Promise<Embedded> {
  return new Embedded(
    await startEmbeddedDirectory({
      port: 0,
      administratorPassword: 'secret',
      servicePassword: SERVICE_PASSWORD,
      homeOf: (uid) => `/var/backup/${uid}`,
      laterDay: '20991231',
      now: () => new Date(),
    }),
  );
}
