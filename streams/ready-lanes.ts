import { type Linked, LinkedQueue } from '../src/domain/linked-queue.ts';

/** How the uids are shared among the running services. */
export interface Shares {
  /** A value that is another one after each change of the services. */
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

/** The number of places that are distinguished. All later places are treated alike. */
const PLACES = 4;
/**
 * Among the lanes of other services, one in this number is the oldest one, so that no lane waits
 * for ever.
 */
const OLDEST_OF = 4;

/**
 * The lanes that may begin, in the order in which this service takes them. First come the lanes for
 * which it is the first service, the oldest first. Then come the lanes of other services, the
 * newest first: the other services take their oldest lanes first, so two services seldom take the
 * same one.
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

  /** Gives each lane its place again, by the services that are running now. */
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
