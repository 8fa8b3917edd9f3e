import { isoTime } from '../../domain/timestamp.ts';
import { localTime, zoneName } from '../../observability/human-time.ts';
import type { ViewProps } from '../browser/view-state.ts';
import { factsOf } from '../model/facts.ts';

/** The state of the service in a sentence, its connections, and whether the view is live. */
export function Head({ state }: ViewProps) {
  const { headline, model, now, address, sinceHeld } = state;
  const time = isoTime(now);
  const isHeld = address.at !== undefined;
  return (
    <header class="head">
      <div class="bar">
        <h1>prov-backup-rsnapshot</h1>
        <span class="spacer" />
        <time class="clock" dateTime={time}>
          {localTime(time, time)} <span class="zone">{zoneName(time)}</span>
        </time>
        <button type="button" class="hold" aria-pressed={isHeld} onClick={() => state.actions.toggleHold()}>
          {isHeld ? `▶ live${sinceHeld > 0 ? ` (+${sinceHeld})` : ''}` : '❚❚ hold'}
        </button>
        <button type="button" class="quiet" aria-label="keys and signs" onClick={() => state.actions.help()}>
          ?
        </button>
      </div>
      <div class={`headline ${headline.tone}`} role="status">
        <span class="sign" aria-hidden="true">
          {SIGNS[headline.tone]}
        </span>
        <strong>{headline.title}</strong>
        {headline.details.map((detail) => (
          <span class="detail" key={detail}>
            {detail}
          </span>
        ))}
      </div>
      <ul class="facts" aria-label="connections and outlets">
        {factsOf(model.snapshot, state.link, now).map(({ name, words, isBad }) => (
          <li key={name} class={isBad ? 'bad' : ''}>
            <span class="name">{name}</span> {words}
          </li>
        ))}
      </ul>
    </header>
  );
}

const SIGNS = { good: '●', busy: '▬', bad: '✕', quiet: '◌' } as const;
