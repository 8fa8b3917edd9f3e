import type { ProtocolName } from '../../src/domain/change.ts';
import type { Fencing } from '../../src/domain/fence.ts';
import { start389 } from '../support/directory-389.ts';
import { startEmbedded } from '../support/embedded-directory.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestDirectory } from '../support/test-directory.ts';

/** What a server tells of a change by one of its protocols: the README's table of differences, as the tests hold it. */
export interface Ways {
  readonly protocol: ProtocolName;
  /** An account that is modified so that it is open. */
  readonly opened: 'add' | 'modify';
  /** An open account that is renamed. */
  readonly renamed: 'modify' | 'rename';
  /** An account that is moved to below the base. */
  readonly movedIn: 'add' | 'rename';
  /** Whether it tells that an account is no longer open, or was moved out of the base. */
  readonly tellsLeaving: boolean;
  /** Whether it tells changes in the order in which they were answered. */
  readonly inOrder: boolean;
}

export interface ConformingServer {
  readonly name: string;
  readonly start: () => Promise<{ readonly directory: TestDirectory; stop(): Promise<void> }>;
  /** Result code of a modify by the service of an entry that is not there. */
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
};

const PERSISTENT_SEARCH: Ways = {
  protocol: 'persistentSearch',
  opened: 'modify',
  renamed: 'rename',
  movedIn: 'rename',
  tellsLeaving: false,
  inOrder: true,
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
      return { directory, stop: () => directory.remove() };
    },
    gone: 50,
    fencing: 'token',
    // It tells of a change after it has answered it, each from the thread that made it.
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
