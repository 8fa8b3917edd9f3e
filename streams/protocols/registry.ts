import { persistentSearch } from './persistent-search/persistent-search.ts';
import type { Protocol } from './protocol.ts';
import { syncrepl } from './syncrepl/syncrepl.ts';

/** All protocols, the better ones first: `auto` tries them in this order. */
export const PROTOCOLS: readonly Protocol[] = [syncrepl, persistentSearch];
