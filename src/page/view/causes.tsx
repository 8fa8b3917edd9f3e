import { counted } from '../../domain/counted.ts';
import { returnCodeName } from '../../domain/return-code.ts';
import type { FailureGroup } from '../../domain/status.ts';
import { isoTime } from '../../domain/timestamp.ts';
import { localTime } from '../../observability/human-time.ts';
import type { ViewProps } from '../browser/view-state.ts';
import { failureKey } from '../model/failure-key.ts';
import { Command } from './command.tsx';
import { Sparkline } from './sparkline.tsx';

const SHOWN = 4;

/**
 * The failed accounts by cause, with the command that requests them again. Empty if none has
 * failed.
 */
export function Causes({ state }: ViewProps) {
  const { model, showsAllCauses } = state;
  const groups = model.snapshot?.failures ?? [];
  if (groups.length === 0) return null;
  const shown = showsAllCauses ? groups : groups.slice(0, SHOWN);
  const more = groups.length - SHOWN;
  return (
    <section class="causes" aria-labelledby="causes-title">
      <h2 id="causes-title">Failed, by cause</h2>
      <ul>
        {shown.map((group) => (
          <Cause key={keyOf(group)} group={group} state={state} />
        ))}
      </ul>
      {more > 0 && (
        <button
          type="button"
          class="quiet"
          aria-expanded={showsAllCauses}
          onClick={() => state.actions.showAllCauses()}
        >
          {showsAllCauses ? 'fewer' : counted(more, 'more cause')}
        </button>
      )}
    </section>
  );
}

function Cause({ group, state }: ViewProps & { readonly group: FailureGroup }) {
  const { model, now, address } = state;
  const { returnValue, step, cause, count, first, last, uids } = group;
  const key = keyOf(group);
  const isWanted = address.filter.cause === key;
  const time = (at: string) => localTime(at, isoTime(now));
  const alike = (model.snapshot?.failures ?? []).filter((each) => each.returnValue === returnValue);
  return (
    <li class="cause">
      <button
        type="button"
        class="what"
        aria-pressed={isWanted}
        title="show the lanes of these accounts"
        onClick={() => state.actions.change({ filter: { ...address.filter, cause: isWanted ? '' : key } })}
      >
        <span class="count">{count} ×</span>
        <span class="words">
          <span class="code">
            {returnValue} {returnCodeName(returnValue) ?? ''}
          </span>
          {step !== undefined && <span> in {step}</span>}
          {cause !== undefined && <q>{cause}</q>}
        </span>
      </button>
      <Sparkline series={[model.series.ofCause(key, now)]} as="columns" tone="bad" />
      <div class="below">
        <span class="aside">
          {first === undefined || last === undefined || first === last ? null : `${time(first)} – `}
          {last === undefined ? 'time unknown' : time(last)}
        </span>
        {uids.map((uid) => (
          <button type="button" class="uid link" key={uid} onClick={() => state.actions.open(uid)}>
            {uid}
          </button>
        ))}
        {count > uids.length && <span>and {count - uids.length} more</span>}
        <span class="spacer" />
        {count > uids.length && alike.length > 1 && (
          <span class="aside">
            for all {alike.reduce((sum, each) => sum + each.count, 0)} with code {returnValue}
          </span>
        )}
        <Command text={retryCommand(group)} state={state} />
      </div>
    </li>
  );
}

function retryCommand({ uids, count, returnValue }: FailureGroup): string {
  const which = count > uids.length ? `--code ${returnValue} --preview` : uids.join(' ');
  return `prov-backup-rsnapshot retry ${which}`;
}

/** The key of a group, which each of its accounts has, too. */
function keyOf(group: FailureGroup): string {
  return failureKey(group, group.uids[0] ?? '');
}
