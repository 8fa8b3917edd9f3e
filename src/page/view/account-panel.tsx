import { counted } from '../../domain/counted.ts';
import type { HistoryItem } from '../../journal/history-item.ts';
import { beginWords, endWords, missedWords, requestWords } from '../../journal/history-words.ts';
import { stepWords } from '../../observability/describe-event.ts';
import { dateTime } from '../../observability/human-time.ts';
import type { OpenedAccount, ViewProps } from '../browser/view-state.ts';
import { accountWords } from '../model/account-words.ts';
import { Command } from './command.tsx';

interface PanelProps extends ViewProps {
  readonly opened: OpenedAccount;
}

/** What is known about one account, as `explain` and `history` say it. */
export function AccountPanel({ opened, state }: PanelProps) {
  const { uid, history, fault } = opened;
  const account = state.model.account(uid);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <aside class="opened" aria-label={`account ${uid}`} tabIndex={0}>
      <div class="bar">
        <h2>
          <span class="uid">{uid}</span> {account?.mode}
        </h2>
        <span class="spacer" />
        <button type="button" class="quiet" onClick={() => state.actions.open(uid)}>
          read again
        </button>
        <button type="button" class="quiet" aria-label="close" onClick={() => state.actions.open(undefined)}>
          ✕
        </button>
      </div>
      {account !== undefined && account.dn !== '' && <p class="dn">{account.dn}</p>}
      {fault !== undefined && <p class="fault">The account cannot be read: {fault}</p>}
      {account !== undefined && <p class="condition">{accountWords(account, state.now)}</p>}
      {history === undefined && fault === undefined && <p class="aside">Asking the service…</p>}
      <div class="commands">
        <Command text={`prov-backup-rsnapshot explain ${uid}`} state={state} />
        {account?.condition === 'failed' && <Command text={`prov-backup-rsnapshot retry ${uid}`} state={state} />}
        <Command text={`prov-backup-rsnapshot history ${uid}`} state={state} />
      </div>
      {history !== undefined && (
        <>
          <h3>
            What happened, according to {history.by === 'journal' ? 'the journal' : "the service's memory"}; the latest
            first
          </h3>
          {history.fault !== undefined && <p class="fault">{history.fault}</p>}
          <ol class="history">
            {[...history.items].reverse().map((item) => (
              <Item key={`${item.time} ${item.kind}`} item={item} />
            ))}
          </ol>
          {history.items.length === 0 && <p class="aside">Nothing is known about this account.</p>}
          {history.isCut && <p class="aside">There may be earlier events. The command history shows them.</p>}
        </>
      )}
    </aside>
  );
}

function Item({ item }: { readonly item: HistoryItem }) {
  switch (item.kind) {
    case 'request':
      return <Entry time={item.time} kind="request" words={requestWords(item)} />;
    case 'note':
      return <Entry time={item.time} kind="note" words={`${item.event}: ${item.text}`} />;
    case 'missed':
      return <Entry time={item.time} kind="missed" words={missedWords(item)} />;
    case 'attempt':
      return (
        <li class={`attempt ${item.end.as}`}>
          <time dateTime={item.time}>{dateTime(item.time)}</time>
          <div>
            <p>{beginWords(item)}</p>
            {item.steps.map((step, index) => (
              <p class="step" key={`${index} ${step.name}`}>
                step {stepWords(step)}
              </p>
            ))}
            {item.output.length > 0 && (
              <pre>
                {item.earlierLines > 0 ? `(${counted(item.earlierLines, 'earlier line')})\n` : ''}
                {item.output.map(({ stream, line }) => `${stream === 'stderr' ? '!' : '|'} ${line}`).join('\n')}
              </pre>
            )}
            <p class="end">{endWords(item)}</p>
          </div>
        </li>
      );
  }
}

function Entry({ time, kind, words }: { readonly time: string; readonly kind: string; readonly words: string }) {
  return (
    <li class={kind}>
      <time dateTime={time}>{dateTime(time)}</time>
      <div>
        <p>{words}</p>
      </div>
    </li>
  );
}
