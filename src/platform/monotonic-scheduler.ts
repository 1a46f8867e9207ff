/**
 * The host's own clock: RxJS's default scheduler reads the wall clock, which people set back and forth. Work without
 * delay runs in the next microtask, in order; work with a delay waits for a timer of the platform and never runs before
 * its time. Work that throws stops no other: what it threw is thrown again from a timer, as RxJS does.
 *
 * Work that is more than a second late says that the process was held up: by the application, a browser that throttles
 * timers, or a suspended machine. What the sockets have for us by then gets a turn first, so that nobody is found late who
 * was not (reliability F11, F28, F34). One rule for every deadline of a host, since all of them are set here.
 */
import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { afterMicrotasks } from './macrotask.js';

/** The longest that the platform's timers can wait; beyond, they would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What is later than this lets input go first. @source reliability, faults: the rule of F34 and F11 */
const LATE_MS = 1_000;

type Work<T> = (this: SchedulerAction<T>, state?: T) => void;

class Action<T> extends Subscription implements SchedulerAction<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn = 0;
  private state: T | undefined;

  constructor(
    private readonly due: Due,
    private readonly work: Work<T>,
  ) {
    super();
  }

  /** What was scheduled before and has not run is replaced. Infinity is never. */
  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.state = state;
    this.turn += 1;
    this.disarm();
    const turn = this.turn;
    if (delay > 0) this.wait(turn, performance.now() + delay);
    else
      this.due.add(() => {
        this.run(turn);
      });
    return this;
  }

  override unsubscribe(): void {
    this.disarm();
    super.unsubscribe();
  }

  private wait(turn: number, at: number): void {
    if (at === Infinity) return;
    const rest = Math.ceil(at - performance.now());
    this.timer = setTimeout(
      () => {
        // The platform counts whole milliseconds and may be early by a part of one; and some waits are longer than it can.
        const lateMs = performance.now() - at;
        if (lateMs < 0) this.wait(turn, at);
        else if (lateMs > LATE_MS)
          afterMicrotasks(() => {
            this.run(turn);
          });
        else this.run(turn);
      },
      Math.min(rest, MAX_TIMER_MS),
    );
  }

  private disarm(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** A turn that was scheduled anew, or unsubscribed, is none. */
  private run(turn: number): void {
    if (this.closed || turn !== this.turn) return;
    this.timer = undefined;
    try {
      this.work.call(this, this.state);
    } catch (error) {
      this.unsubscribe();
      // From a timer, where it breaks nothing in here.
      setTimeout(() => {
        throw error;
      });
    }
    // Work that did not ask for another turn is done.
    if (turn === this.turn) this.unsubscribe();
  }
}

/** What runs in the next microtask, all of it in one. */
class Due {
  private queue: (() => void)[] = [];

  add(run: () => void): void {
    this.queue.push(run);
    if (this.queue.length > 1) return;
    queueMicrotask(() => {
      const queue = this.queue;
      this.queue = [];
      for (const due of queue) due();
    });
  }
}

function createMonotonicScheduler(): SchedulerLike {
  const due = new Due();
  return {
    now: () => performance.now(),
    schedule: <T>(work: Work<T>, delay = 0, state?: T) => new Action<T>(due, work).schedule(state, delay),
  };
}

/** Milliseconds that never go back, on the platform's timers. */
export const monotonicScheduler: SchedulerLike = createMonotonicScheduler();
