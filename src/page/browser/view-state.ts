import type { RecentHistory } from '../../journal/recent-history.ts';
import type { ViewAddress } from '../model/address.ts';
import type { Window } from '../model/axis.ts';
import type { Headline, Link } from '../model/headline.ts';
import type { Row, Section } from '../model/lanes.ts';
import type { PageModel } from '../model/page-model.ts';

/** The height of a row of the lanes in pixels. page.css repeats it. */
export const ROW_HEIGHT = 26;

/** The opened account, and what happened to it. */
export interface OpenedAccount {
  readonly uid: string;
  readonly history?: RecentHistory;
  readonly fault?: string;
}

/** The text that is shown while the pointer is on a marble. */
export interface Tip {
  readonly x: number;
  readonly y: number;
  readonly lines: readonly string[];
}

/** Everything that is shown. */
export interface ViewState {
  readonly model: PageModel;
  readonly link: Link;
  readonly headline: Headline;
  readonly address: ViewAddress;
  /** The time by the clock of the service, in milliseconds since 1970. */
  readonly now: number;
  readonly window: Window;
  readonly sections: readonly Section[];
  readonly rows: readonly Row[];
  /** How far the list is scrolled, and how much of it is in view, in pixels. */
  readonly top: number;
  readonly height: number;
  /** The account whose lane is selected by the keys. */
  readonly active: string | undefined;
  readonly opened: OpenedAccount | undefined;
  readonly tip: Tip | undefined;
  readonly showsAllCauses: boolean;
  /** The number of events that have arrived since the view was held. */
  readonly sinceHeld: number;
  /** The command that was copied last. */
  readonly copied: string;
  readonly actions: ViewActions;
}

/** The actions that the page offers. */
export interface ViewActions {
  change(address: Partial<ViewAddress>): void;
  open(uid: string | undefined): void;
  toggleHold(): void;
  live(): void;
  pan(part: number): void;
  zoom(direction: 1 | -1): void;
  activate(uid: string): void;
  scrolled(top: number): void;
  pointed(tip: Tip | undefined): void;
  showAllCauses(): void;
  copy(command: string): void;
  help(): void;
}

/** The input of each part of the page. */
export interface ViewProps {
  readonly state: ViewState;
}
