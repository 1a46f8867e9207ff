import {
  from,
  Observable,
  Subscription,
  type BehaviorSubject,
  type ObservableInput,
  type Subscriber,
} from 'rxjs';

/**
 * `concatMap` with back-pressure and without its recursion: the items wait in a queue that a loop drains, and `room`
 * says false while one is worked on or waits. The queue is bounded by what the source emits before it sees that: the
 * frames of one chunk.
 */
export function oneAtATime<T, R>(
  source: Observable<T>,
  room: BehaviorSubject<boolean>,
  project: (value: T) => ObservableInput<R>,
): Observable<R> {
  return new Observable<R>((subscriber) => {
    const worker = new Worker(subscriber, room, project);
    subscriber.add(worker.inner);
    subscriber.add(
      source.subscribe({
        next: (value) => {
          worker.add(value);
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          worker.end();
        },
      }),
    );
  });
}

class Worker<T, R> {
  readonly inner = new Subscription();
  private readonly queue: T[] = [];
  private head = 0;
  private busy = false;
  private pumping = false;
  private ended = false;

  constructor(
    private readonly subscriber: Subscriber<R>,
    private readonly room: BehaviorSubject<boolean>,
    private readonly project: (value: T) => ObservableInput<R>,
  ) {}

  add(value: T): void {
    this.queue.push(value);
    if (this.room.value) this.room.next(false);
    this.pump();
  }

  end(): void {
    this.ended = true;
    this.pump();
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (!this.busy && this.head < this.queue.length && !this.subscriber.closed) this.start();
    this.pumping = false;
    if (this.busy || this.head < this.queue.length || this.subscriber.closed) return;
    if (this.ended) this.subscriber.complete();
    else if (!this.room.value) this.room.next(true);
  }

  private start(): void {
    // The head is below the length, so there is an item; it may itself be `undefined`.
    const value = this.queue[this.head] as T;
    this.head += 1;
    if (this.head === this.queue.length) {
      this.queue.length = 0;
      this.head = 0;
    }
    this.busy = true;
    try {
      this.run(from(this.project(value)));
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  private run(work: Observable<R>): void {
    const running = new Subscription();
    this.inner.add(running);
    running.add(
      work.subscribe({
        next: (result) => {
          this.subscriber.next(result);
        },
        error: (error: unknown) => {
          this.subscriber.error(error);
        },
        complete: () => {
          this.inner.remove(running);
          this.busy = false;
          this.pump();
        },
      }),
    );
  }
}
