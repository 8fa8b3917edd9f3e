import { MODES } from '../../domain/mode.ts';
import type { ViewProps, ViewState } from '../browser/view-state.ts';
import { CONDITION_WORDS, type Condition } from '../model/account.ts';
import { SPAN_WORDS, SPANS } from '../model/axis.ts';
import { type Filter, isFiltering, NO_FILTER, toggled } from '../model/filter.ts';
import { Sign } from './signs.tsx';

/** Selects the accounts that have a lane, and the span of time. */
export function Toolbar({ state }: ViewProps) {
  const { filter, span } = state.address;
  const change = (part: Partial<Filter>) => state.actions.change({ filter: { ...filter, ...part } });
  return (
    <search class="toolbar" aria-label="which lanes">
      <input
        type="search"
        placeholder="uid or DN  ( / )"
        aria-label="uid or DN"
        value={filter.text}
        spellcheck={false}
        onInput={(event) => change({ text: event.currentTarget.value })}
      />
      <fieldset class="group" aria-label="mode">
        {MODES.map((mode) => (
          <Toggle
            key={mode}
            isOn={filter.modes.includes(mode)}
            flip={() => change({ modes: toggled(filter.modes, mode) })}
          >
            {mode}
          </Toggle>
        ))}
      </fieldset>
      <fieldset class="group" aria-label="condition">
        {CONDITIONS.map((condition) => (
          <Toggle
            key={condition}
            isOn={filter.conditions.includes(condition)}
            flip={() => change({ conditions: toggled(filter.conditions, condition) })}
          >
            <Sign condition={condition} /> {CONDITION_WORDS[condition]} <b>{counted(state, condition)}</b>
          </Toggle>
        ))}
      </fieldset>
      {isFiltering(filter) && (
        <button type="button" class="quiet" onClick={() => change(NO_FILTER)}>
          ✕ all accounts
        </button>
      )}
      <span class="spacer" />
      <fieldset class="group" aria-label="time shown">
        {SPANS.map((each) => (
          <Toggle key={each} isOn={span === each} flip={() => state.actions.change({ span: each })}>
            {SPAN_WORDS[each]}
          </Toggle>
        ))}
      </fieldset>
    </search>
  );
}

const CONDITIONS: readonly Condition[] = ['inWork', 'failed', 'retrying', 'waiting', 'queued', 'deferred', 'done'];

interface ToggleProps {
  readonly isOn: boolean;
  readonly flip: () => void;
  readonly children: preact.ComponentChildren;
}

function Toggle({ isOn, flip, children }: ToggleProps) {
  return (
    <button type="button" class="toggle" aria-pressed={isOn} onClick={flip}>
      {children}
    </button>
  );
}

/**
 * The number of accounts in a condition, by the snapshot, because only the snapshot is complete.
 * For finished accounts: the number that the page has seen.
 */
function counted({ model, sections }: ViewState, condition: Condition): string {
  if (condition === 'done' || condition === 'gone') {
    const total = sections.find(({ name }) => name === 'done')?.total;
    return total === undefined ? '' : `${total}`;
  }
  return model.snapshot === undefined ? '' : `${model.snapshot.counts[condition]}`;
}
