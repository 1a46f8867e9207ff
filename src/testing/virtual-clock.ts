/** Time that moves only when it is told to. Work that is due together runs in the order in which it was scheduled. */
import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

interface Entry {
  readonly at: number;
  readonly order: number;
  run(): void;
  live: boolean;
}

export class VirtualClock implements SchedulerLike {
  private time = 0;
  private order = 0;
  private entries: Entry[] = [];

  now(): number {
    return this.time;
  }

  schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    return new VirtualAction<T>(this, work).schedule(state, delay);
  }

  /** When the next work is due, or `undefined` when there is none. */
  get nextAt(): number | undefined {
    return this.next()?.at;
  }

  /** Runs the one that is due next, moving time to it. */
  step(): void {
    const entry = this.next();
    if (entry === undefined) return;
    this.entries = this.entries.filter((other) => other !== entry);
    this.time = Math.max(this.time, entry.at);
    entry.run();
  }

  moveTo(time: number): void {
    this.time = Math.max(this.time, time);
  }

  add(delay: number, run: () => void): Entry {
    const entry: Entry = { at: this.time + Math.max(0, delay), order: this.order, run, live: true };
    this.order += 1;
    this.entries.push(entry);
    return entry;
  }

  private next(): Entry | undefined {
    let next: Entry | undefined;
    this.entries = this.entries.filter(({ live }) => live);
    for (const entry of this.entries) {
      if (next === undefined || entry.at < next.at || (entry.at === next.at && entry.order < next.order))
        next = entry;
    }
    return next;
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
