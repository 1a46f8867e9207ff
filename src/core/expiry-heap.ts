/** What expires, the soonest first: adding, moving and taking out cost O(log n), and nothing stale stays inside. */
export interface Expiring {
  expiresAt: number;
  /** Its place in the heap; -1 outside. The heap's own. */
  heapAt: number;
}

export class ExpiryHeap<T extends Expiring> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  /** The one that expires first. */
  get first(): T | undefined {
    return this.items[0];
  }

  /** Puts it in, or to its new place after `expiresAt` has changed. */
  place(item: T): void {
    if (item.heapAt === -1) {
      item.heapAt = this.items.length;
      this.items.push(item);
    }
    this.up(item);
    this.down(item);
  }

  /** Nothing happens where it is not inside. */
  remove(item: T): void {
    const at = item.heapAt;
    if (at === -1) return;
    item.heapAt = -1;
    const last = this.items.pop();
    if (last === undefined || last === item) return;
    this.put(last, at);
    this.up(last);
    this.down(last);
  }

  /** All alike may be moved in time: their order stays. */
  each(visit: (item: T) => void): void {
    for (const item of this.items) visit(item);
  }

  private up(item: T): void {
    for (;;) {
      const parent = this.items[(item.heapAt - 1) >> 1];
      if (item.heapAt === 0 || parent === undefined || parent.expiresAt <= item.expiresAt) return;
      this.swap(parent, item);
    }
  }

  private down(item: T): void {
    for (;;) {
      const left = this.items[2 * item.heapAt + 1];
      const right = this.items[2 * item.heapAt + 2];
      const sooner =
        right !== undefined && left !== undefined && right.expiresAt < left.expiresAt ? right : left;
      if (sooner === undefined || item.expiresAt <= sooner.expiresAt) return;
      this.swap(item, sooner);
    }
  }

  /** `upper` and its child `lower` change places. */
  private swap(upper: T, lower: T): void {
    const { heapAt } = upper;
    this.put(upper, lower.heapAt);
    this.put(lower, heapAt);
  }

  private put(item: T, at: number): void {
    this.items[at] = item;
    item.heapAt = at;
  }
}
