/** The spans of the time axis in milliseconds. The axis never adapts to its content. */
export const SPANS = [60_000, 600_000, 3_600_000] as const;
export type Span = (typeof SPANS)[number];

export const SPAN_WORDS: Readonly<Record<Span, string>> = { 60000: '1 m', 600000: '10 m', 3600000: '1 h' };

/** The period that is shown, in milliseconds since 1970, and its width in pixels. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/**
 * The part of the width that is left free after the present, so that a marble at the present is
 * fully visible.
 */
const MARGIN = 0.03;

/**
 * Returns the window of a span. `at`: the time at which it is held; undefined: it follows the time.
 */
export function windowOf(span: Span, now: number, width: number, at: number | undefined): Window {
  const to = at ?? now + span * MARGIN;
  return { from: to - span, to, width };
}

/** Returns the position of a time in pixels. */
export function placeOf({ from, to, width }: Window, time: number): number {
  return ((time - from) / (to - from)) * width;
}

/** Returns the next longer (1) or shorter (-1) span, or the same one if there is none. */
export function otherSpan(span: Span, direction: 1 | -1): Span {
  return SPANS[SPANS.indexOf(span) + direction] ?? span;
}

/** The possible distances between ticks, in milliseconds. */
const DISTANCES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * 1_000);
/** The least distance between ticks in pixels, so that the text of a time fits. */
const ROOM = 84;

export interface Tick {
  readonly time: number;
  readonly x: number;
  /** Whether the tick is shown as `HH:MM:SS`, and not as `HH:MM`. */
  readonly hasSeconds: boolean;
}

/**
 * Returns the ticks of a window. `offset`: from UTC to the local time zone in milliseconds, so that
 * ticks are at whole local times.
 */
export function ticksOf(window: Window, offset: number): Tick[] {
  const { from, to, width } = window;
  const least = ((to - from) / width) * ROOM;
  const distance = DISTANCES.find((each) => each >= least) ?? 3_600_000;
  const first = Math.ceil((from + offset) / distance) * distance - offset;
  const ticks: Tick[] = [];
  // The last tick needs room for its text.
  for (let time = first; placeOf(window, time) < width - 0.75 * ROOM; time += distance) {
    ticks.push({ time, x: placeOf(window, time), hasSeconds: distance < 60_000 });
  }
  return ticks;
}
