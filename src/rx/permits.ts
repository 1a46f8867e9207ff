import { asError } from '../core/errors.js';

/**
 * So many at once, and who came first is first: `limit` permits, none if that is 0 or less. Never more are out, and all
 * are back once everything that had one is over. How many may wait is for the callers to bound.
 *
 * @source go-libp2p swarm, dial limiter (LIM-1 to LIM-10)
 */
export class Permits {
  private used = 0;
  private busy = false;
  private readonly queue = new Set<() => void>();
  /** Kept for all turns: it never runs dry, since it is asked only while someone waits, and a new one would step over every place that was left. */
  private readonly turns = this.queue.values();

  constructor(private readonly limit: number) {}

  get inUse(): number {
    return this.used;
  }
  get waiting(): number {
    return this.queue.size;
  }

  /** Calls `start` when it has a permit, which one `release` gives back. The function that comes back leaves the queue. */
  request(start: () => void): () => void {
    this.queue.add(start);
    this.grant();
    return () => {
      this.queue.delete(start);
    };
  }

  release(): void {
    this.used -= 1;
    this.grant();
  }

  /** Does `work` and grants only then: of many that are cancelled together, none gets a permit on its way out (LIM-6). */
  hold(work: () => void): void {
    if (this.busy) {
      work();
      return;
    }
    this.busy = true;
    try {
      work();
    } finally {
      this.busy = false;
      this.grant();
    }
  }

  /** A loop, into which whatever ends inside `start` falls back: thousands may fail at once. What is thrown stops nobody else. */
  private grant(): void {
    if (this.busy) return;
    this.busy = true;
    const failures: unknown[] = [];
    while (this.used < this.limit && this.queue.size > 0) {
      try {
        this.next()?.();
      } catch (error) {
        failures.push(error);
      }
    }
    this.busy = false;
    if (failures.length > 0) throw asError(failures[0]);
  }

  private next(): (() => void) | undefined {
    const start = this.turns.next().value;
    if (start === undefined) return undefined;
    this.queue.delete(start);
    this.used += 1;
    return start;
  }
}
