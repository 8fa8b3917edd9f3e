import { SIGNS } from './signs.tsx';

const KEYS: ReadonlyArray<readonly [keys: string, what: string]> = [
  ['/', 'filter by uid or DN'],
  ['j k ↓ ↑', 'next and previous lane'],
  ['Enter', 'open the account; Esc closes it'],
  ['h l ← →', 'earlier and later'],
  ['+ −', 'shorter and longer span'],
  ['Space', 'hold the view, or go live'],
  ['End', 'go live'],
  ['?', 'this help'],
];

const MARBLES: ReadonlyArray<readonly [sign: string, what: string]> = [
  [SIGNS.done, 'finished; a number says how many'],
  ['■', 'failed'],
  [SIGNS.retrying, 'another attempt follows'],
  ['▲', 'superseded, or in conflict'],
  [SIGNS.waiting, 'waiting, or deferred'],
  ['○', 'requested'],
  [SIGNS.inWork, 'an attempt; it reaches to the present while it runs'],
  ['┄', 'queued, or before another attempt'],
];

/** The keys and the signs. */
export function Help() {
  return (
    <dialog class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys and signs</h2>
      <dl>
        {[...KEYS, ...MARBLES].map(([name, what]) => (
          <div key={what}>
            <dt>{name}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p>The page cannot change anything. Times are in the time zone of this browser.</p>
      <form method="dialog">
        <button type="submit">close</button>
      </form>
    </dialog>
  );
}
