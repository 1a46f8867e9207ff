/** Time that moves only when it is told to. Work that is due together runs in the order in which it was scheduled. */
import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { TimerHeap, type Entry } from './timer-heap.js';

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

export class VirtualClock implements SchedulerLike {
  private time = 0;
  private added = 0;
  private readonly heap = new TimerHeap();

  now(): number {
    return this.time;
  }

  schedule<T>(work: Work<T>, delay = 0, state?: T): Subscription {
    return new VirtualAction<T>(this, work).schedule(state, delay);
  }

  /** When the next work is due, or `undefined` when there is none. */
  get nextAt(): number | undefined {
    return this.heap.first?.at;
  }

  /** Runs the one that is due next, moving time to it; throws what it throws. */
  step(): void {
    const entry = this.heap.first;
    if (entry === undefined) return;
    this.heap.take();
    // Whoever cancels it from now on comes too late.
    entry.isLive = false;
    this.time = Math.max(this.time, entry.at);
    entry.run();
  }

  /** Time only moves on. */
  moveTo(time: number): void {
    this.time = Math.max(this.time, time);
  }

  add(delay: number, run: () => void): Entry {
    this.added += 1;
    const entry: Entry = { at: this.time + Math.max(0, delay), order: this.added, run, isLive: true };
    // What is due never is no entry.
    if (entry.at === Infinity) entry.isLive = false;
    else this.heap.add(entry);
    return entry;
  }

  cancel(entry: Entry): void {
    this.heap.cancel(entry);
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
    if (this.entry !== undefined) this.clock.cancel(this.entry);
    const entry = this.clock.add(delay, () => {
      this.work.call(this, state);
      // Work that scheduled itself anew goes on; other work is done.
      if (this.entry === entry) this.unsubscribe();
    });
    this.entry = entry;
    return this;
  }

  override unsubscribe(): void {
    if (this.entry !== undefined) this.clock.cancel(this.entry);
    super.unsubscribe();
  }
}
