import { render } from 'preact';
import { errorText } from '../../domain/error-text.ts';
import type { PublishedEvent } from '../../domain/event.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import type { RecentHistory } from '../../journal/recent-history.ts';
import { readAddress, type ViewAddress, writeAddress } from '../model/address.ts';
import { otherSpan, windowOf } from '../model/axis.ts';
import { headlineOf, type Link } from '../model/headline.ts';
import { chooseLanes, rowsOf, type Section } from '../model/lanes.ts';
import { PageModel } from '../model/page-model.ts';
import { Page } from '../view/page.tsx';
import { listenToKeys } from './keys.ts';
import { ask, ServiceLink } from './service-link.ts';
import { type OpenedAccount, ROW_HEIGHT, type Tip, type ViewActions, type ViewState } from './view-state.ts';

/** The interval at which the page is painted, in milliseconds, however many events arrive. */
const PAINT = 250;
const PAINT_WITH_REDUCED_MOTION = 1_000;
/** How long a hidden page keeps its event stream, in milliseconds. */
const HIDDEN = 30_000;
/** How long lanes keep their places after the pointer was on them, in milliseconds. */
const STILL = 4_000;
/**
 * How long the page waits for the past events before the lanes of a held view stay, in
 * milliseconds.
 */
const PAST_WITHIN = 3_000;

/**
 * Holds the model and the state of the view, and paints them periodically and after each action.
 *
 *   live -> held -> live                   `address.at` is set while the view is held
 *   visible -> hidden -> closed -> visible  there is no event stream while closed
 */
export class PageController implements ViewActions {
  readonly #root: HTMLElement;
  readonly #model = new PageModel();
  readonly #link: ServiceLink;
  #linkState: Link = { is: 'loading' };
  #offset = 0;
  #address: ViewAddress = readAddress(location.search);
  #sections: readonly Section[] = [];
  #stillUntil = 0;
  /** From when on the lanes of a held view stay. Before that, past events may still arrive. */
  #settledAt = Number.POSITIVE_INFINITY;
  #takenWhenHeld = 0;
  #size = { width: 600, height: 400 };
  #top = 0;
  #active: string | undefined;
  #opened: OpenedAccount | undefined;
  #tip: Tip | undefined;
  #showsAllCauses = false;
  #copied = '';
  #hiddenTimer = 0;
  #isClosed = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#link = new ServiceLink({
      snapshot: (snapshot, offset) => this.#snapshot(snapshot, offset),
      event: (event) => this.#event(event),
      gap: (events) => this.#model.takeGap(events, this.#now()),
      lost: (reason, retryAt) => this.#lost(reason, retryAt),
    });
  }

  start(): void {
    this.#link.open();
    this.#paint();
    listenToKeys(() => this.#shown());
    const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    window.setInterval(() => this.#paint(), isCalm ? PAINT_WITH_REDUCED_MOTION : PAINT);
    window.addEventListener('resize', () => this.#paint());
    document.addEventListener('visibilitychange', () => this.#visibility());
    if (this.#address.uid !== undefined) this.open(this.#address.uid);
  }

  #now(): number {
    return Date.now() + this.#offset;
  }

  #event(event: PublishedEvent): void {
    this.#model.takeEvent(event, this.#address.at !== undefined);
  }

  #snapshot(snapshot: ServiceSnapshot, offset: number): void {
    this.#offset = offset;
    this.#model.takeSnapshot(snapshot);
    const isFirst = this.#linkState.is !== 'open';
    if (this.#settledAt === Number.POSITIVE_INFINITY) this.#settledAt = this.#now() + PAST_WITHIN;
    this.#linkState = { is: 'open', answeredAt: this.#now() };
    if (isFirst) this.#paint();
  }

  #lost(reason: string, retryAt: number): void {
    const answeredAt = 'answeredAt' in this.#linkState ? this.#linkState.answeredAt : undefined;
    this.#linkState = { is: 'lost', answeredAt, reason, retryAt: retryAt + this.#offset };
    this.#paint();
  }

  #visibility(): void {
    window.clearTimeout(this.#hiddenTimer);
    if (document.hidden) {
      this.#hiddenTimer = window.setTimeout(() => {
        this.#isClosed = true;
        this.#link.close();
      }, HIDDEN);
    } else if (this.#isClosed) {
      this.#isClosed = false;
      this.#link.open();
    }
  }

  /**
   * Returns everything that is shown now. Chooses the lanes, unless they have to keep their places.
   */
  #shown(): ViewState {
    const { snapshot } = this.#model;
    const { filter, span, at, all } = this.#address;
    const now = this.#now();
    const frame = windowOf(span, now, this.#size.width, at);
    if (at === undefined ? now >= this.#stillUntil : now < this.#settledAt) {
      const options = { filter, window: frame, now, all, snapshot };
      this.#sections = chooseLanes(this.#model.accounts.values(), this.#sections, options);
    }
    return {
      model: this.#model,
      link: this.#linkState,
      headline: headlineOf(this.#linkState, snapshot, now, this.#model.lastDone),
      address: this.#address,
      now,
      window: frame,
      sections: this.#sections,
      rows: rowsOf(this.#sections),
      top: this.#top,
      height: this.#size.height,
      active: this.#active,
      opened: this.#opened,
      tip: this.#tip,
      showsAllCauses: this.#showsAllCauses,
      sinceHeld: at === undefined ? 0 : this.#model.taken - this.#takenWhenHeld,
      copied: this.#copied,
      actions: this,
    };
  }

  #paint(): void {
    render(<Page state={this.#shown()} />, this.#root);
    // The size is known only after something was painted.
    const width = this.#root.querySelector('.axis .track')?.clientWidth ?? 0;
    const height = this.#root.querySelector('.lanes')?.clientHeight ?? 0;
    if (width === this.#size.width && height === this.#size.height) return;
    if (width === 0) return;
    this.#size = { width, height };
    render(<Page state={this.#shown()} />, this.#root);
  }

  /** Chooses the lanes again, even while the pointer is on them. */
  #chooseAgain(): void {
    this.#stillUntil = 0;
    this.#settledAt = Number.POSITIVE_INFINITY;
    this.#shown();
    this.#settledAt = 0;
  }

  change(change: Partial<ViewAddress>): void {
    const before = this.#address;
    this.#address = { ...before, ...change };
    if (before.at === undefined && this.#address.at !== undefined) this.#takenWhenHeld = this.#model.taken;
    history.replaceState(null, '', `${location.pathname}${writeAddress(this.#address)}`);
    if (change.filter !== undefined || change.all !== undefined || change.span !== undefined) this.#chooseAgain();
    this.#paint();
  }

  open(uid: string | undefined): void {
    this.#opened = uid === undefined ? undefined : { uid };
    if (uid !== undefined) {
      this.#active = uid;
      void this.#read(uid);
    }
    this.change({ uid });
  }

  /** Reads an account. A snapshot need not list it. */
  async #read(uid: string): Promise<void> {
    let answer: OpenedAccount;
    try {
      const query = `uid=${encodeURIComponent(uid)}`;
      const [status, past] = await Promise.all([
        ask<ServiceSnapshot>(`/status?limit=5&${query}`),
        ask<RecentHistory>(`/history?${query}`),
      ]);
      this.#model.takeLists(status);
      answer = { uid, history: past };
    } catch (error) {
      answer = { uid, fault: errorText(error) };
    }
    if (this.#opened?.uid !== uid) return;
    this.#opened = answer;
    this.#paint();
  }

  toggleHold(): void {
    if (this.#address.at === undefined) this.change({ at: Math.round(this.#shown().window.to) });
    else this.live();
  }

  live(): void {
    this.change({ at: undefined });
  }

  /**
   * Moves the window by a part of its span. When it reaches the present, the view is live again.
   */
  pan(part: number): void {
    const now = this.#now();
    const at = Math.round((this.#address.at ?? now) + part * this.#address.span);
    this.change({ at: at >= now ? undefined : at });
    this.#chooseAgain();
  }

  zoom(direction: 1 | -1): void {
    this.change({ span: otherSpan(this.#address.span, direction) });
  }

  activate(uid: string): void {
    this.#active = uid;
    this.#stillUntil = this.#now() + STILL;
    const index = rowsOf(this.#sections).findIndex((row) => row.kind === 'lane' && row.uid === uid);
    const list = this.#root.querySelector('.lanes');
    if (list !== null && index >= 0) {
      const from = index * ROW_HEIGHT;
      if (from < list.scrollTop) list.scrollTop = from - ROW_HEIGHT;
      else if (from + ROW_HEIGHT > list.scrollTop + list.clientHeight) {
        list.scrollTop = from + 2 * ROW_HEIGHT - list.clientHeight;
      }
      this.#top = list.scrollTop;
    }
    this.#paint();
  }

  scrolled(top: number): void {
    this.#top = top;
    this.#stillUntil = this.#now() + STILL;
    this.#paint();
  }

  pointed(tip: Tip | undefined): void {
    this.#stillUntil = this.#now() + STILL;
    if (tip === undefined && this.#tip === undefined) return;
    this.#tip = tip;
    this.#paint();
  }

  showAllCauses(): void {
    this.#showsAllCauses = !this.#showsAllCauses;
    this.#paint();
  }

  /**
   * Copies a command. The page confirms only a copy that succeeded: browsers allow it on localhost
   * only.
   */
  copy(command: string): void {
    void navigator.clipboard?.writeText(command).then(
      () => {
        this.#copied = command;
        this.#paint();
      },
      () => undefined,
    );
  }

  help(): void {
    const dialog = this.#root.querySelector('dialog');
    if (dialog?.open) dialog.close();
    else dialog?.showModal();
  }
}
