import { describeAccountEvent } from '../../observability/describe-event.ts';
import { clockTime } from '../../observability/human-time.ts';
import { ROW_HEIGHT, type ViewActions, type ViewProps } from '../browser/view-state.ts';
import type { Account, AccountEvent } from '../model/account.ts';
import { accountWords } from '../model/account-words.ts';
import { placeOf } from '../model/axis.ts';
import { barsOf, type Marble, type MarbleKind, marblesOf } from '../model/marbles.ts';
import { Sign } from './signs.tsx';

interface LaneProps extends ViewProps {
  readonly account: Account | undefined;
  readonly uid: string;
  readonly index: number;
  readonly isActive: boolean;
}

const MIDDLE = ROW_HEIGHT / 2;

/** The lane of an account. */
export function Lane({ account, uid, index, isActive, state }: LaneProps) {
  const { window: frame, now } = state;
  const condition = account?.condition ?? 'gone';
  const isStuck = account?.isStuck === true;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of a grid
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter opens the active row of the grid
    <div
      class={`row lane ${condition}`}
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 1}
      aria-selected={isActive}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      onClick={() => state.actions.open(uid)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a cell of a grid */}
      <div class="label" role="rowheader" tabIndex={-1}>
        <Sign condition={condition} />
        <span class="uid">{uid}</span>
        <span class="mode">{account?.mode}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a cell of a grid */}
      <div class="track" role="gridcell" tabIndex={-1}>
        <svg width={frame.width} height={ROW_HEIGHT} aria-hidden="true">
          <path class="line" d={`M0 ${MIDDLE}H${frame.width}`} />
          {account !== undefined &&
            barsOf(account, frame, now).map((bar) =>
              bar.kind === 'work' ? (
                <rect
                  key={`${bar.kind} ${bar.x}`}
                  class={`bar ${bar.end ?? ''}${bar.isOpen ? (isStuck ? ' stuck' : ' open') : ''}`}
                  x={bar.x}
                  y={MIDDLE - 5}
                  width={bar.width}
                  height={10}
                  rx={Math.min(3, bar.width / 2)}
                />
              ) : (
                <path key={`${bar.kind} ${bar.x}`} class={`wait ${bar.kind}`} d={`M${bar.x} ${MIDDLE}h${bar.width}`} />
              ),
            )}
          {now <= frame.to && <path class="now" d={`M${placeOf(frame, now)} 0v${ROW_HEIGHT}`} />}
          {account !== undefined &&
            marblesOf(account, frame).map((marble) => (
              <MarbleMark
                key={marble.events[0]?.time}
                marble={marble}
                point={(event) => point(event, marble, state.actions)}
              />
            ))}
        </svg>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a cell of a grid */}
      <div class={`words ${condition === 'failed' || isStuck ? 'bad' : 'aside'}`} role="gridcell" tabIndex={-1}>
        {account === undefined ? '' : accountWords(account, now)}
      </div>
    </div>
  );
}

function point(event: PointerEvent, { events }: Marble, actions: ViewActions): void {
  event.stopPropagation();
  actions.pointed({ x: event.clientX, y: event.clientY, lines: linesOf(events) });
}

const MOST_LINES = 8;

function linesOf(events: readonly AccountEvent[]): string[] {
  const lines = events.map((event) => `${clockTime(event.time)}  ${event.event}: ${describeAccountEvent(event)}`);
  return lines.length <= MOST_LINES ? lines : [`(${lines.length - MOST_LINES} earlier)`, ...lines.slice(-MOST_LINES)];
}

interface MarbleProps {
  readonly marble: Marble;
  readonly point: (event: PointerEvent) => void;
}

function MarbleMark({ marble: { x, kind, count }, point: pointAt }: MarbleProps) {
  return (
    <g class={`marble ${kind}`} transform={`translate(${x.toFixed(1)} ${MIDDLE})`} onPointerMove={pointAt}>
      <path class="shape" d={SHAPES[kind]} />
      {count > 1 && kind !== 'asked' && kind !== 'other' ? (
        <text y="3.5">{count > 99 ? '99' : count}</text>
      ) : (
        <path class="glyph" d={GLYPHS[kind]} />
      )}
    </g>
  );
}

const CIRCLE = 'M-7 0A7 7 0 1 1 7 0A7 7 0 1 1-7 0Z';
const SMALL = 'M-3.5 0A3.5 3.5 0 1 1 3.5 0A3.5 3.5 0 1 1-3.5 0Z';

const SHAPES: Readonly<Record<MarbleKind, string>> = {
  finished: CIRCLE,
  failed: 'M-6.5-6.5H6.5V6.5H-6.5Z',
  retrying: CIRCLE,
  conflict: 'M0-8L8 6.5H-8Z',
  held: CIRCLE,
  asked: SMALL,
  other: SMALL,
};

const GLYPHS: Readonly<Record<MarbleKind, string>> = {
  finished: 'M-3 .2L-.8 2.6L3.2-2.4',
  failed: 'M-3-3L3 3M3-3L-3 3',
  retrying: 'M3.5-1.6A3.8 3.8 0 1 0 3.6 1.3M3.9-4.2V-1.4H1.1',
  conflict: 'M0-3.5V1.2M0 3.6V4.4',
  held: 'M0-3.6V0L2.4 1.6',
  asked: '',
  other: '',
};
