import type { SchedulerLike, Subscription } from 'rxjs';

interface Deadline {
  readonly at: number;
  readonly expire: () => void;
}

/**
 * Deadlines that all last equally long, in one queue behind one timer: what a connection's negotiations need, thousands
 * of times. Setting and clearing one among others costs no timer, one that was cleared is not kept, and once the last is
 * cleared there is no timer (P15).
 */
export class Deadlines {
  /** In the order in which they were set, and so in which they are due. */
  private readonly waiting = new Set<Deadline>();
  private timer: Subscription | undefined;
  private closed = false;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly afterMs: number,
  ) {}

  /** Calls `expire` after the common time, unless what this returns was called before. */
  add(expire: () => void): () => void {
    if (this.closed) return () => undefined;
    const deadline: Deadline = { at: this.scheduler.now() + this.afterMs, expire };
    this.waiting.add(deadline);
    this.arm();
    return () => {
      if (this.waiting.delete(deadline) && this.waiting.size === 0) this.disarm();
    };
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.disarm();
  }

  private disarm(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  private arm(): void {
    if (this.timer !== undefined) return;
    const [next] = this.waiting;
    if (next === undefined) return;
    this.timer = this.scheduler.schedule(
      () => {
        this.timer = undefined;
        this.sweep(this.scheduler.now());
        this.arm();
      },
      Math.max(0, next.at - this.scheduler.now()),
    );
  }

  private sweep(now: number): void {
    for (const deadline of this.waiting) {
      if (deadline.at > now) return;
      this.waiting.delete(deadline);
      deadline.expire();
    }
  }
}
