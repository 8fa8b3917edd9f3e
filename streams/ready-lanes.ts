import { type Linked, LinkedQueue } from '../src/domain/linked-queue.ts';

/** How the uids are shared among the services that are there. */
export interface Shares {
  /** Another value whenever the services have changed. */
  readonly services: unknown;
  /** The place of this service in the order of the services for a uid; 0 if it is the first one. */
  place(uid: string): number;
}

/** There is no other service. */
export const NO_SHARES: Shares = { services: undefined, place: () => 0 };

export interface ReadyLane<L> extends Linked<L> {
  readonly key: string;
  place: number;
}

/** The number of places that are told apart. All later ones are alike. */
const PLACES = 4;
/** Of the lanes of other services every so many is the oldest one, so that none waits for ever. */
const OLDEST_OF = 4;

/**
 * The lanes that may begin, in the order in which this service takes them. First come those for
 * which it is the first service, oldest first. Then come those of others, which take the oldest
 * ones themselves: so the newest come first, and services seldom want the same one.
 */
export class ReadyLanes<L extends ReadyLane<L>> {
  readonly #shares: Shares;
  #services: unknown;
  readonly #byPlace = Array.from({ length: PLACES }, () => new LinkedQueue<L>());
  #takenFromOthers = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
    this.#services = shares.services;
  }

  get isEmpty(): boolean {
    return this.#byPlace.every(({ first }) => first === undefined);
  }

  /** Appends the lane, unless it is there already. */
  add(lane: L): void {
    if (lane.queued) return;
    lane.place = Math.min(this.#shares.place(lane.key), PLACES - 1);
    this.#byPlace[lane.place]?.add(lane);
  }

  remove(lane: L): void {
    if (lane.queued) this.#byPlace[lane.place]?.remove(lane);
  }

  /** Removes and returns the next lane. */
  shift(): L | undefined {
    this.#placeAnew();
    const [own, ...others] = this.#byPlace;
    const first = own?.shift();
    if (first !== undefined) return first;
    const queue = others.find((queue) => queue.first !== undefined);
    if (queue === undefined) return undefined;
    this.#takenFromOthers += 1;
    return this.#takenFromOthers % OLDEST_OF === 0 ? queue.shift() : queue.pop();
  }

  /** Gives each lane its place among the services that are there now. */
  #placeAnew(): void {
    const { services } = this.#shares;
    if (services === this.#services) return;
    this.#services = services;
    const lanes: L[] = [];
    for (const queue of this.#byPlace) {
      for (let lane = queue.shift(); lane !== undefined; lane = queue.shift()) lanes.push(lane);
    }
    for (const lane of lanes) this.add(lane);
  }
}
