import type { SchedulerLike, Subscription } from 'rxjs';

interface Deadline {
  readonly at: number;
  expire: (() => void) | undefined;
}

/** Passed over and still in the queue: cutting them off costs as much as there are behind them. */
const MAX_PASSED_OVER = 1024;

/**
 * Deadlines that all last equally long, in one queue behind one timer: what a connection's negotiations need, thousands
 * of times. Setting and clearing one costs no timer.
 */
export class Deadlines {
  private queue: Deadline[] = [];
  private head = 0;
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
    this.passOver();
    this.queue.push(deadline);
    this.arm();
    return () => {
      deadline.expire = undefined;
    };
  }

  close(): void {
    this.closed = true;
    this.queue = [];
    this.timer?.unsubscribe();
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

  /** Those that were cleared at the front are forgotten at once: a busy host has thousands a second. */
  private passOver(): void {
    while (this.head < this.queue.length && this.queue[this.head]?.expire === undefined) this.head += 1;
    if (this.head < MAX_PASSED_OVER && this.head < this.queue.length) return;
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }

  private sweep(now: number): void {
    for (
      let next = this.queue[this.head];
      next !== undefined && (next.expire === undefined || next.at <= now);
      next = this.queue[this.head]
    ) {
      this.head += 1;
      next.expire?.();
    }
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }
}
