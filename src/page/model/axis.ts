/**
 * The spans that the time axis can have, in milliseconds. It never fits itself to what is shown.
 */
export const SPANS = [60_000, 600_000, 3_600_000] as const;
export type Span = (typeof SPANS)[number];

export const SPAN_WORDS: Readonly<Record<Span, string>> = { 60000: '1 m', 600000: '10 m', 3600000: '1 h' };

/**
 * The part of the time that is shown, in milliseconds since 1970, and how wide that is in pixels.
 */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/** The part of the width that is left free after now, so that a marble at now is whole. */
const MARGIN = 0.03;

/** The window of a span. `at`: where it is held; undefined: it follows the time. */
export function windowOf(span: Span, now: number, width: number, at: number | undefined): Window {
  const to = at ?? now + span * MARGIN;
  return { from: to - span, to, width };
}

/** The place of a time, in pixels. */
export function placeOf({ from, to, width }: Window, time: number): number {
  return ((time - from) / (to - from)) * width;
}

/** The next longer (1) or shorter (-1) span; the same at the ends. */
export function otherSpan(span: Span, direction: 1 | -1): Span {
  return SPANS[SPANS.indexOf(span) + direction] ?? span;
}

/** The distances that ticks can have, in milliseconds. */
const DISTANCES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * 1_000);
/** The least distance of ticks in pixels: room for a time. */
const ROOM = 84;

export interface Tick {
  readonly time: number;
  readonly x: number;
  /** As `HH:MM` or `HH:MM:SS`. */
  readonly hasSeconds: boolean;
}

/** `offset`: of the local zone from UTC in milliseconds, so that ticks are at whole local times. */
export function ticksOf(window: Window, offset: number): Tick[] {
  const { from, to, width } = window;
  const least = ((to - from) / width) * ROOM;
  const distance = DISTANCES.find((each) => each >= least) ?? 3_600_000;
  const first = Math.ceil((from + offset) / distance) * distance - offset;
  const ticks: Tick[] = [];
  // The last one needs room for its words.
  for (let time = first; placeOf(window, time) < width - 0.75 * ROOM; time += distance) {
    ticks.push({ time, x: placeOf(window, time), hasSeconds: distance < 60_000 });
  }
  return ticks;
}
