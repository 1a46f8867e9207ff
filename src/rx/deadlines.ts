import type { SchedulerLike, Subscription } from 'rxjs';

interface Deadline {
  readonly at: number;
  expire: (() => void) | undefined;
}

/**
 * Deadlines that all last equally long, in one queue behind one timer: what a connection's negotiations need, thousands
 * of times. Setting and clearing one among others costs no timer; once the last is cleared there is none (P15).
 */
export class Deadlines {
  private queue: Deadline[] = [];
  private head = 0;
  /** Those in the queue that were neither cleared nor have expired. */
  private pending = 0;
  private timer: Subscription | undefined;
  private closed = false;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly afterMs: number,
  ) {}

  /** Calls `expire` after the common time, unless what this returns was called before. */
  add(expire: () => void): () => void {
    const deadline: Deadline = { at: this.scheduler.now() + this.afterMs, expire };
    if (this.closed) return () => undefined;
    this.queue.push(deadline);
    this.pending += 1;
    this.arm();
    return () => {
      if (this.isOver(deadline) && this.pending === 0) this.clear();
    };
  }

  close(): void {
    this.closed = true;
    this.clear();
  }

  /** Whether that was news. */
  private isOver(deadline: Deadline): boolean {
    if (deadline.expire === undefined) return false;
    deadline.expire = undefined;
    this.pending -= 1;
    return true;
  }

  private clear(): void {
    this.queue = [];
    this.head = 0;
    this.pending = 0;
    this.timer?.unsubscribe();
    this.timer = undefined;
  }

  private arm(): void {
    const next = this.queue[this.head];
    if (this.timer !== undefined || next === undefined) return;
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
    for (
      let next = this.queue[this.head];
      next !== undefined && (next.expire === undefined || next.at <= now);
      next = this.queue[this.head]
    ) {
      this.head += 1;
      const { expire } = next;
      this.isOver(next);
      expire?.();
    }
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }
}
