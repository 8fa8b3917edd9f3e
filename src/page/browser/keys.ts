import type { ViewState } from './view-state.ts';

/** The part of the span by which a key moves the view. */
const STEP = 0.1;

/**
 * Handles the keys of the page. A key that has a meaning for the focused element is left to that
 * element.
 */
export function listenToKeys(state: () => ViewState): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const act = KEYS[event.key];
    if (act === undefined || isFor(target, event.key)) return;
    event.preventDefault();
    act(state());
  });
}

/** Whether an element uses the key itself. */
function isFor(target: Element, key: string): boolean {
  if (target.closest('input') !== null) return key !== 'Escape';
  if (target.closest('button') !== null) return key === ' ' || key === 'Enter';
  return key.startsWith('Arrow') && target.closest('.opened, .causes') !== null;
}

const KEYS: Readonly<Record<string, (state: ViewState) => void>> = {
  '/': () => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(),
  ' ': ({ actions }) => actions.toggleHold(),
  '?': ({ actions }) => actions.help(),
  '+': ({ actions }) => actions.zoom(-1),
  '=': ({ actions }) => actions.zoom(-1),
  '-': ({ actions }) => actions.zoom(1),
  End: ({ actions }) => actions.live(),
  h: ({ actions }) => actions.pan(-STEP),
  ArrowLeft: ({ actions }) => actions.pan(-STEP),
  l: ({ actions }) => actions.pan(STEP),
  ArrowRight: ({ actions }) => actions.pan(STEP),
  j: (state) => move(state, 1),
  ArrowDown: (state) => move(state, 1),
  k: (state) => move(state, -1),
  ArrowUp: (state) => move(state, -1),
  Escape: leave,
  Enter: ({ actions, active }) => {
    if (active !== undefined) actions.open(active);
  },
};

/** Moves to the next or the previous lane. */
function move({ actions, rows, active }: ViewState, direction: 1 | -1): void {
  const uids = rows.flatMap((row) => (row.kind === 'lane' ? [row.uid] : []));
  const at = active === undefined ? -1 : uids.indexOf(active);
  const next = at < 0 ? 0 : Math.min(Math.max(at + direction, 0), uids.length - 1);
  const uid = uids[next];
  if (uid === undefined) return;
  document.querySelector<HTMLElement>('.lanes')?.focus({ preventScroll: true });
  actions.activate(uid);
}

/** Closes the account. In the search field it only moves the focus away. */
function leave({ actions }: ViewState): void {
  if (!(document.activeElement instanceof HTMLInputElement)) actions.open(undefined);
  document.querySelector<HTMLElement>('.lanes')?.focus({ preventScroll: true });
}
