/** What is due, soonest first; of what is due together, what was added first. */
export interface Entry {
  readonly at: number;
  readonly order: number;
  run(): void;
  isLive: boolean;
}
/** Fewer cancelled ones than this are not worth looking for. */
const FEW = 64;

/** A binary heap: adding and taking cost the logarithm of what is there. Cancelled entries go when their turn comes, or when they are the most. */
export class TimerHeap {
  private entries: Entry[] = [];
  private cancelled = 0;

  /** The first that is live, left where it is. */
  get first(): Entry | undefined {
    while (this.entries[0]?.isLive === false) {
      this.take();
      this.cancelled -= 1;
    }
    return this.entries[0];
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.rise(this.entries.length - 1);
  }

  /** Removes the first of all. */
  take(): Entry | undefined {
    const { entries } = this;
    const first = entries[0];
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) {
      entries[0] = last;
      this.sink(0);
    }
    return first;
  }

  cancel(entry: Entry): void {
    if (!entry.isLive) return;
    entry.isLive = false;
    this.cancelled += 1;
    if (this.cancelled < FEW || this.cancelled * 2 < this.entries.length) return;
    this.entries = this.entries.filter(({ isLive }) => isLive);
    this.cancelled = 0;
    for (let at = (this.entries.length >> 1) - 1; at >= 0; at -= 1) this.sink(at);
  }

  private rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      const child = 2 * at + 1;
      const sooner = this.isLater(child, child + 1) ? child + 1 : child;
      if (!this.swapIfLater(at, sooner)) return;
      at = sooner;
    }
  }

  private swapIfLater(one: number, other: number): boolean {
    const { entries } = this;
    const [a, b] = [entries[one], entries[other]];
    if (a === undefined || b === undefined || !this.isLater(one, other)) return false;
    entries[one] = b;
    entries[other] = a;
    return true;
  }

  /** Whether the one at `one` is due after the one at `other`. */
  private isLater(one: number, other: number): boolean {
    const [a, b] = [this.entries[one], this.entries[other]];
    if (a === undefined || b === undefined) return false;
    return a.at > b.at || (a.at === b.at && a.order > b.order);
  }
}
