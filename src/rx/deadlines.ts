import type { SchedulerLike, Subscription } from 'rxjs';

/** What is to be over in time; it knows itself when that is, so that there is nothing else to keep. */
export interface Deadline {
  /** Set by the queue. */
  dueAt: number;
  expire(): void;
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

  /** Lets `deadline` expire after the common time, unless it is cleared before. */
  set(deadline: Deadline): void {
    if (this.closed) return;
    deadline.dueAt = this.scheduler.now() + this.afterMs;
    this.waiting.add(deadline);
    this.arm();
  }

  /**
   * One that is not set is passed over. The timer stays, since streams follow each other: it runs out once, unless
   * somebody says `settle` before.
   */
  clear(deadline: Deadline): void {
    this.waiting.delete(deadline);
  }

  /** Calls `expire` after the common time, unless what this returns was called before; that settles, too. */
  add(expire: () => void): () => void {
    const deadline = { dueAt: 0, expire };
    this.set(deadline);
    return () => {
      this.clear(deadline);
      this.settle();
    };
  }

  /** There is to be no timer for nothing. */
  settle(): void {
    if (this.waiting.size === 0) this.disarm();
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
      Math.max(0, next.dueAt - this.scheduler.now()),
    );
  }

  private sweep(now: number): void {
    for (const deadline of this.waiting) {
      if (deadline.dueAt > now) return;
      this.waiting.delete(deadline);
      deadline.expire();
    }
  }
}
