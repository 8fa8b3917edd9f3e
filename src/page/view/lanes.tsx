import { isoTime } from '../../domain/timestamp.ts';
import { localTime } from '../../observability/human-time.ts';
import { ROW_HEIGHT, type ViewProps, type ViewState } from '../browser/view-state.ts';
import { placeOf, ticksOf } from '../model/axis.ts';
import { COLUMN, densityOf } from '../model/density.ts';
import { isFiltering } from '../model/filter.ts';
import { MOST_LANES, rowsInView, type Section, type SectionName } from '../model/lanes.ts';
import { Lane } from './lane.tsx';

/**
 * The marble diagram: a time axis, one lane for all accounts together, and a lane for each account.
 */
export function Lanes({ state }: ViewProps) {
  const { rows, top, height, active, model, address } = state;
  const { from, to } = rowsInView(rows.length, { top, height, rowHeight: ROW_HEIGHT });
  const activeIndex = rows.findIndex((row) => row.kind === 'lane' && row.uid === active);
  return (
    <section
      class="diagram"
      aria-label="lanes"
      onWheel={(event) => {
        const sideways = event.shiftKey ? event.deltaY : event.deltaX;
        if (Math.abs(sideways) < 1) return;
        event.preventDefault();
        state.actions.pan(sideways / 2_000);
      }}
    >
      <div
        class="drag"
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={({ buttons, movementX }) => {
          if (buttons === 1) state.actions.pan(-movementX / state.window.width);
        }}
      >
        <Axis state={state} />
        <Density state={state} />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a table cannot show a part of its rows */}
      <div
        class="lanes"
        role="grid"
        aria-label="accounts"
        aria-rowcount={rows.length}
        aria-activedescendant={activeIndex >= from && activeIndex < to ? `row-${activeIndex}` : undefined}
        tabIndex={0}
        onScroll={(event) => state.actions.scrolled(event.currentTarget.scrollTop)}
        onPointerMove={() => state.actions.pointed(undefined)}
      >
        {rows.length === 0 && <Empty state={state} />}
        <div class="rows" role="presentation" style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
          {rows
            .slice(from, to)
            .map((row, index) =>
              row.kind === 'head' ? (
                <Head key={row.key} section={row.section} index={from + index} state={state} />
              ) : (
                <Lane
                  key={row.key}
                  account={model.account(row.uid)}
                  uid={row.uid}
                  index={from + index}
                  isActive={row.uid === active || row.uid === address.uid}
                  state={state}
                />
              ),
            )}
        </div>
      </div>
    </section>
  );
}

function Axis({ state: { window: frame, now } }: { readonly state: ViewState }) {
  const offset = -new Date(now).getTimezoneOffset() * 60_000;
  return (
    <div class="axis" aria-hidden="true">
      <div class="label" />
      <div class="track">
        {ticksOf(frame, offset).map(({ time, x, hasSeconds }) => (
          <span class="tick" key={time} style={{ transform: `translateX(${x.toFixed(1)}px)` }}>
            {clock(time, hasSeconds)}
          </span>
        ))}
        {now <= frame.to && (
          <span class="now" style={{ transform: `translateX(${placeOf(frame, now).toFixed(1)}px)` }} />
        )}
      </div>
    </div>
  );
}

function clock(time: number, hasSeconds: boolean): string {
  const text = isoTime(time);
  return localTime(text, text).slice(0, hasSeconds ? 8 : 5);
}

const DENSITY_HEIGHT = 34;

/** One lane for all accounts, so that accounts without a lane of their own are visible. */
function Density({ state: { model, window: frame } }: { readonly state: ViewState }) {
  const columns = densityOf(model.events, frame);
  const most = Math.max(1, ...columns.map(({ finished, failed }) => finished + failed));
  const scale = (DENSITY_HEIGHT - 4) / most;
  const path = (from: (index: number) => number, size: (index: number) => number) =>
    columns
      .map((_, index) =>
        size(index) === 0
          ? ''
          : `M${index * COLUMN + COLUMN / 2} ${(DENSITY_HEIGHT - from(index) * scale).toFixed(1)}v-${Math.max(2, size(index) * scale).toFixed(1)}`,
      )
      .join('');
  const finished = (index: number) => columns[index]?.finished ?? 0;
  const failed = (index: number) => columns[index]?.failed ?? 0;
  const sum = (count: (index: number) => number) => columns.reduce((total, _, index) => total + count(index), 0);
  return (
    <div class="density">
      <div class="label">
        <span>all accounts</span>
        <span class="aside">
          {sum(finished)} done, {sum(failed)} failed
        </span>
      </div>
      <div class="track">
        <svg width={frame.width} height={DENSITY_HEIGHT} aria-hidden="true">
          <defs>
            <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <path d="M0 0V6" />
            </pattern>
          </defs>
          {model.gaps.map(({ from, to, events }) => (
            <rect
              key={from}
              class="gap"
              x={placeOf(frame, from)}
              width={Math.max(4, placeOf(frame, to) - placeOf(frame, from))}
              height={DENSITY_HEIGHT}
            >
              <title>{events} events are missing here</title>
            </rect>
          ))}
          <path class="finished" d={path(() => 0, finished)} />
          <path class="failed" d={path(finished, failed)} />
        </svg>
      </div>
    </div>
  );
}

const SECTION_WORDS: Readonly<Record<SectionName, string>> = {
  work: 'in work',
  attention: 'failed, retrying, waiting',
  queue: 'queued and deferred',
  done: 'done in this period',
};

interface HeadProps extends ViewProps {
  readonly section: Section;
  readonly index: number;
}

function Head({ section: { name, uids, total }, index, state }: HeadProps) {
  const isCut = total > uids.length;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a row of a grid
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus
    <div
      class={`row head ${name}`}
      role="row"
      aria-rowindex={index + 1}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a cell of a grid */}
      <div role="gridcell" tabIndex={-1}>
        <b>{SECTION_WORDS[name]}</b> <span>{isCut ? `${uids.length} of ${total}` : total}</span>
        {isCut && !state.address.all && (
          <button type="button" class="link" onClick={() => state.actions.change({ all: true })}>
            show a lane for each
          </button>
        )}
        {state.address.all && uids.length > MOST_LANES && (
          <button type="button" class="link" onClick={() => state.actions.change({ all: false })}>
            show the first {MOST_LANES} lanes
          </button>
        )}
      </div>
    </div>
  );
}

/** The reason why there is no lane. */
function Empty({ state: { model, address, headline } }: ViewProps) {
  if (model.snapshot === undefined) return <p class="empty">{headline.title}</p>;
  const what = isFiltering(address.filter) ? 'No account matches the filter' : 'Nothing happened';
  return <p class="empty">{what} in this period.</p>;
}
