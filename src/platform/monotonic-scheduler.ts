/**
 * The host's own clock: RxJS's default scheduler reads the wall clock, which people set back and forth. Work without
 * delay runs as a microtask, all that is due in one; work with a delay waits for a timer of the platform.
 */
import { Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs';

/** The longest that the platform's timers can wait; beyond, they would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.state = state;
    this.turn += 1;
    clearTimeout(this.timer);
    const turn = this.turn;
    if (delay <= 0)
      this.due.add(() => {
        this.run(turn);
      });
    else
      this.timer = setTimeout(
        () => {
          this.run(turn);
        },
        Math.min(delay, MAX_TIMER_MS),
      );
    return this;
  }

  override unsubscribe(): void {
    clearTimeout(this.timer);
    super.unsubscribe();
  }

  /** A turn that was scheduled anew, or unsubscribed, is none. */
  private run(turn: number): void {
    if (this.closed || turn !== this.turn) return;
    this.work.call(this, this.state);
    if (turn === this.turn) this.unsubscribe();
  }
}

/** What runs in the next microtask, in order; one that throws does not stop the others. */
class Due {
  private queue: (() => void)[] = [];
  private scheduled = false;

  add(run: () => void): void {
    this.queue.push(run);
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.drain();
    });
  }

  private drain(): void {
    this.scheduled = false;
    const queue = this.queue;
    this.queue = [];
    for (const run of queue) {
      try {
        run();
      } catch (error) {
        // As RxJS does with what nobody handles: from a timer, where it breaks nothing in here.
        setTimeout(() => {
          throw error;
        });
      }
    }
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
