import type { ProtocolName } from '../../src/domain/change.ts';
import type { Fencing } from '../../src/domain/fence.ts';
import { start389 } from '../support/directory-389.ts';
import { startEmbedded } from '../support/embedded-directory.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestDirectory } from '../support/test-directory.ts';

/**
 * How a server reports changes with one of its protocols: the table of docs/servers.md, as the
 * tests verify it.
 */
export interface Ways {
  readonly protocol: ProtocolName;
  /** The change for an account that is modified so that it is open. */
  readonly opened: 'add' | 'modify';
  /** The change for an open account that is renamed. */
  readonly renamed: 'modify' | 'rename';
  /** The change for an account that is moved below the base. */
  readonly movedIn: 'add' | 'rename';
  /** Whether it reports an account that is no longer open, or is moved out of the base. */
  readonly tellsLeaving: boolean;
  /** Whether it reports changes in the order of the responses to their writes. */
  readonly inOrder: boolean;
  /**
   * Whether it may send an account of the initial content twice: a persistent search does not show
   * where that ends, so a plain search lists it, too.
   */
  readonly listsTwice: boolean;
}

export interface ConformingServer {
  readonly name: string;
  readonly start: () => Promise<{
    readonly directory: TestDirectory;
    /** To be called at the end of each test. Rejects if the server has ended by itself. */
    assertRunning?(): Promise<void>;
    stop(): Promise<void>;
  }>;
  /** The result code of a modify by the service for an entry that does not exist. */
  readonly gone: number;
  readonly fencing: Fencing;
  readonly ways: readonly Ways[];
}

const SYNCREPL: Ways = {
  protocol: 'syncrepl',
  opened: 'add',
  renamed: 'modify',
  movedIn: 'add',
  tellsLeaving: true,
  inOrder: true,
  listsTwice: false,
};

const PERSISTENT_SEARCH: Ways = {
  protocol: 'persistentSearch',
  opened: 'modify',
  renamed: 'rename',
  movedIn: 'rename',
  tellsLeaving: false,
  inOrder: true,
  listsTwice: true,
};

export const SERVERS: readonly ConformingServer[] = [
  {
    name: "OpenLDAP's slapd",
    start: async () => {
      const directory = await startSlapd();
      return { directory, stop: () => directory.stop() };
    },
    gone: 32,
    fencing: 'version',
    ways: [SYNCREPL],
  },
  {
    name: '389-ds',
    start: async () => {
      const directory = await start389();
      return { directory, assertRunning: () => directory.assertRunning(), stop: () => directory.remove() };
    },
    gone: 50,
    fencing: 'token',
    // It reports a change after the response to the write, each from the thread that made it.
    ways: [SYNCREPL, { ...PERSISTENT_SEARCH, inOrder: false }],
  },
  {
    name: 'the embedded directory',
    start: async () => {
      const directory = await startEmbedded();
      return { directory, stop: () => directory.stop() };
    },
    gone: 32,
    fencing: 'version',
    ways: [PERSISTENT_SEARCH],
  },
];
