import { Observable, Subscription, type OperatorFunction, type Subscriber } from 'rxjs';
import type { TaskChanges } from '../core/machine.js';

/** All that is wanted; or what is wanted more and less than before. */
export type Wanted<K> = ReadonlySet<K> | TaskChanges<K>;

/**
 * Runs what is wanted: a key that appears in the set is run, one that disappears is cancelled, one that stays goes on.
 * Emits what the runs emit; errors as the first of them does; completes when nobody can want anything more and all that
 * runs has ended. Unsubscribing cancels all. What goes is cancelled before anything starts, and what started last first:
 * so nobody who waits behind another gets its turn on the way out.
 */
export function keepRunning<K, T>(run: (key: K) => Observable<T>): OperatorFunction<Wanted<K>, T> {
  return (wanted$) =>
    new Observable<T>((subscriber) => {
      const runs = new Runs(run, subscriber);
      // Ahead of what the source does when it is left.
      subscriber.add(() => {
        runs.cancelAll();
      });
      subscriber.add(
        wanted$.subscribe({
          next: (wanted) => {
            runs.follow(wanted);
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            runs.wantedEnds();
          },
        }),
      );
    });
}

class Runs<K, T> {
  /** In the order in which they started, also those that have ended and are wanted still. As many as are wanted. */
  private readonly running = new Map<K, Subscription>();
  private active = 0;
  private hasEnded = false;

  constructor(
    private readonly run: (key: K) => Observable<T>,
    private readonly subscriber: Subscriber<T>,
  ) {}

  follow(wanted: Wanted<K>): void {
    const { started, cancelled } = 'started' in wanted ? wanted : difference(this.running, wanted);
    for (const key of cancelled) this.cancel(key);
    for (const key of started) if (!this.subscriber.closed) this.start(key);
  }

  wantedEnds(): void {
    this.hasEnded = true;
    this.completeIfDone();
  }

  cancelAll(): void {
    for (const key of [...this.running.keys()].reverse()) this.cancel(key);
  }

  private cancel(key: K): void {
    const task = this.running.get(key);
    this.running.delete(key);
    if (task === undefined || task.closed) return;
    task.unsubscribe();
    this.ended();
  }

  private start(key: K): void {
    const task = new Subscription();
    this.running.set(key, task);
    this.active += 1;
    try {
      task.add(this.listen(this.run(key), task));
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  /** A task may have been cancelled before `subscribe` returned. */
  private listen(run$: Observable<T>, task: Subscription): Subscription {
    const { subscriber } = this;
    return run$.subscribe({
      next: (value) => {
        if (!task.closed) subscriber.next(value);
      },
      error: (error: unknown) => {
        if (!task.closed) subscriber.error(error);
      },
      complete: () => {
        if (task.closed) return;
        task.unsubscribe();
        this.ended();
      },
    });
  }

  private ended(): void {
    this.active -= 1;
    this.completeIfDone();
  }

  private completeIfDone(): void {
    if (this.hasEnded && this.active === 0) this.subscriber.complete();
  }
}

function difference<K>(running: ReadonlyMap<K, unknown>, wanted: ReadonlySet<K>): TaskChanges<K> {
  return {
    started: [...wanted].filter((key) => !running.has(key)),
    cancelled: [...running.keys()].filter((key) => !wanted.has(key)).reverse(),
  };
}
