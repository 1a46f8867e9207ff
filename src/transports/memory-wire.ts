/** One way of one connection: what is put in comes out in order, whatever the link does to its pieces on the way. */
import type { SchedulerLike } from 'rxjs';
import type { MemoryLink } from './memory-link.js';

/** A lost piece is sent again after one round trip, and at least … @source RFC 6298, fast retransmit in RFC 5681 */
const MIN_RETRANSMIT_MS = 10;
/** … twice as late each further time, up to this. @source RFC 6298, 2.5 */
const MAX_RETRANSMIT_MS = 60_000;

interface Flight<P> {
  readonly parcel: P;
  readonly byteLength: number;
  tries: number;
  /** The link is down: it leaves (again) when that is over. */
  isHeld: boolean;
  hasArrived: boolean;
}

export interface WireDeps<P> {
  /** The receiving end's clock: an end that is frozen gets nothing. */
  readonly scheduler: SchedulerLike;
  readonly link: MemoryLink;
  /** The way back: how long it takes to learn that something is missing. */
  readonly back: MemoryLink;
  readonly deliver: (parcel: P) => void;
}

export class Wire<P> {
  /** Bounded by what the writer may have under way. */
  private underWay: Flight<P>[] = [];
  private lastArrivalAt = 0;
  /** Nobody is at the other end any more, or a black hole has swallowed something: nothing comes out any more. */
  private isDead = false;
  private waiting: (() => void)[] = [];
  private unwatch: (() => void) | undefined;

  constructor(private readonly deps: WireDeps<P>) {}

  send(parcel: P, byteLength: number): void {
    if (this.isDead) return;
    const flight = { parcel, byteLength, tries: 0, isHeld: false, hasArrived: false };
    this.underWay.push(flight);
    this.launch(flight);
  }

  /** Runs now if the link lets things pass, once it does again, or never: for what needs no order and no time. */
  tell(run: () => void): void {
    const { link } = this.deps;
    if (this.isDead) return;
    if (link.blackHole) this.close();
    else if (link.up) run();
    else {
      this.waiting.push(run);
      this.watch();
    }
  }

  close(): void {
    this.isDead = true;
    this.underWay = [];
    this.waiting = [];
    this.unwatch?.();
    this.unwatch = undefined;
  }

  private launch(flight: Flight<P>): void {
    if (!this.passes(flight)) return;
    const { scheduler, link } = this.deps;
    const now = scheduler.now();
    const leavesAt = link.leavesAt(now, flight.byteLength);
    if (link.loses()) {
      const again = leavesAt - now + this.retransmitMs(flight.tries);
      flight.tries += 1;
      scheduler.schedule(() => {
        this.launch(flight);
      }, again);
      return;
    }
    // A link that becomes faster must not let what is sent now overtake what is under way.
    this.lastArrivalAt = Math.max(leavesAt + link.travelMs(), this.lastArrivalAt);
    scheduler.schedule(() => {
      this.arrive(flight);
    }, this.lastArrivalAt - now);
  }

  private arrive(flight: Flight<P>): void {
    if (!this.passes(flight)) return;
    flight.hasArrived = true;
    // Behind a piece that is missing, or whose timer is due at the same time, the others wait.
    while (this.underWay[0]?.hasArrived === true) {
      const first = this.underWay.shift();
      if (first !== undefined) this.deps.deliver(first.parcel);
    }
  }

  /** Judged where a piece leaves and where it arrives. */
  private passes(flight: Flight<P>): boolean {
    if (this.isDead) return false;
    const { link } = this.deps;
    if (link.blackHole) {
      this.close();
      return false;
    }
    if (link.up) return true;
    flight.isHeld = true;
    this.watch();
    return false;
  }

  private watch(): void {
    this.unwatch ??= this.deps.link.watch(() => {
      this.resume();
    });
  }

  private resume(): void {
    const { link } = this.deps;
    if (!link.up && !link.blackHole) return;
    this.unwatch?.();
    this.unwatch = undefined;
    const { waiting } = this;
    this.waiting = [];
    for (const run of waiting) this.tell(run);
    for (const flight of [...this.underWay]) {
      if (!flight.isHeld) continue;
      flight.isHeld = false;
      this.launch(flight);
    }
  }

  private retransmitMs(tries: number): number {
    const { link, back } = this.deps;
    const first = Math.max(link.latencyMs + back.latencyMs, MIN_RETRANSMIT_MS);
    return Math.min(first * 2 ** tries, MAX_RETRANSMIT_MS);
  }
}
