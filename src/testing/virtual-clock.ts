/** Time that moves only when it is told to. Work that is due together runs in the order in which it was scheduled. */
import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

interface Entry {
  readonly at: number;
  run(): void;
  live: boolean;
}

export class VirtualClock implements SchedulerLike {
  private time = 0;
  /** By time, then by order; those that were cancelled stay until their turn comes. */
  private readonly entries: Entry[] = [];

  now(): number {
    return this.time;
  }

  schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    return new VirtualAction<T>(this, work).schedule(state, delay);
  }

  /** When the next work is due, or `undefined` when there is none. */
  get nextAt(): number | undefined {
    while (this.entries[0]?.live === false) this.entries.shift();
    return this.entries[0]?.at;
  }

  /** Runs the one that is due next, moving time to it; throws what it throws. */
  step(): void {
    const at = this.nextAt;
    const entry = this.entries.shift();
    if (at === undefined || entry === undefined) return;
    this.time = Math.max(this.time, at);
    entry.run();
  }

  /** Time only moves on. */
  moveTo(time: number): void {
    this.time = Math.max(this.time, time);
  }

  add(delay: number, run: () => void): Entry {
    const entry: Entry = { at: this.time + Math.max(0, delay), run, live: true };
    // What is due never is no entry.
    if (entry.at === Infinity) return entry;
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle]?.at ?? Infinity) <= entry.at) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
    return entry;
  }
}

class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  private entry: Entry | undefined;

  constructor(
    private readonly clock: VirtualClock,
    private readonly work: Work<T>,
  ) {
    super();
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    if (this.entry !== undefined) this.entry.live = false;
    const entry = this.clock.add(delay, () => {
      this.work.call(this, state);
      // Work that scheduled itself anew goes on; other work is done.
      if (this.entry === entry) this.unsubscribe();
    });
    this.entry = entry;
    return this;
  }

  override unsubscribe(): void {
    if (this.entry !== undefined) this.entry.live = false;
    super.unsubscribe();
  }
}
