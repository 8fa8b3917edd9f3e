import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { BASE, type DirectoryLogin } from './accounts.ts';
import { exited, hasExited, track } from './children.ts';

/** A change as the directory sent it to another client. */
interface Observed {
  readonly kind: 'added' | 'modified' | 'deleted';
  readonly dn: string;
  /** The text values of the entry after this change, by lower-case name. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** False for the initial content. */
  readonly live: boolean;
}

export interface Observer {
  /** Every change since the start, in order, without the initial content. */
  readonly changes: readonly Observed[];
  /** The number of modifies of the account so far. */
  modifies(uid: string): number;
  /** The modes of the account, one for each change. */
  modes(uid: string): string[];
  /** Waits until `wanted` returns true for the changes. It is called after each one. */
  until(wanted: (changes: readonly Observed[]) => boolean, timeout?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `ldapsearch -E '!sync=rp'` on the accounts. Resolves when the persist phase begins. */
export async function startObserver(login: DirectoryLogin, filter: string): Promise<Observer> {
  const args = ['-x', '-H', login.url, '-D', login.dn, '-w', login.password, '-b', BASE, '-o', 'ldif-wrap=no'];
  const child = track(spawn('ldapsearch', [...args, '-E', '!sync=rp', filter], { stdio: ['ignore', 'pipe', 'pipe'] }));
  const changes: Observed[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  let live = false;
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });

  let record: string[] = [];
  const settle = () => {
    const observed = parse(record, live);
    record = [];
    if (observed?.live) {
      changes.push(observed);
      news.emit('change');
    }
  };
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line !== '') {
      record.push(line);
      // Such a record has no end mark, and nothing that matters follows.
      if (STATE.exec(line)?.[1] === 'deleted') settle();
      if (line.includes('switching to persist stage')) {
        live = true;
        news.emit('live');
      }
      return;
    }
    settle();
  });
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`the observing ldapsearch ended with ${code}: ${stderr}`);
  });
  ended.catch(() => {});
  await Promise.race([once(news, 'live'), ended]);

  const of = (uid: string) => changes.filter(({ dn }) => dn.toLowerCase().startsWith(`uid=${uid.toLowerCase()},`));
  return {
    changes,
    modifies: (uid) => of(uid).filter(({ kind }) => kind === 'modified').length,
    modes: (uid) => of(uid).flatMap(({ values }) => values.get('sstprovisioningmode') ?? []),
    until: async (wanted, timeout = 20_000) => {
      const signal = AbortSignal.timeout(timeout);
      while (!wanted(changes)) {
        try {
          await once(news, 'change', { signal });
        } catch (cause) {
          const seen = changes.map(({ kind, dn }) => `${kind} ${dn}`).join('; ');
          throw new Error(`the observer did not see what was expected, but: ${seen}`, { cause });
        }
      }
    },
    stop: async () => {
      if (!hasExited(child)) child.kill('SIGTERM');
      await exited(child);
      lines.close();
    },
  };
}

const STATE = /^# SyncState control, UUID \S+ (added|modified|deleted|present)/;

function parse(record: readonly string[], live: boolean): Observed | undefined {
  const kind = record.map((line) => STATE.exec(line)?.[1]).find((found) => found !== undefined);
  const values = new Map<string, string[]>();
  for (const line of record) {
    const [, name, colon, value] = /^([A-Za-z0-9.;-]+):(:?) ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const plain = colon === ':' ? Buffer.from(value, 'base64').toString('utf8') : value;
    values.set(name.toLowerCase(), [...(values.get(name.toLowerCase()) ?? []), plain]);
  }
  const dn = values.get('dn')?.[0];
  if (dn === undefined || (kind !== 'added' && kind !== 'modified' && kind !== 'deleted')) return undefined;
  return { kind, dn, values, live };
}
