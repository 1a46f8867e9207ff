import {
  Observable,
  Subscriber,
  type Observer,
  type Operator,
  type Subscription,
  type TeardownLogic,
} from 'rxjs';

/**
 * An Observable whose errors never reach RxJS's "unhandled error" path, which throws from a timer and so would let a
 * remote peer end the process: a subscriber without an error handler gets `report` as one, and what a subscriber throws
 * at a value goes to `threw`, or to `report` as well. Chains made with `pipe` stay guarded; a new Observable (`merge`,
 * `defer`) begins under RxJS's own rule.
 */
export class Guarded<T> extends Observable<T> {
  private readonly report: (error: unknown) => void;
  private readonly threw: (error: unknown, value: T) => void;

  constructor(
    report: (error: unknown) => void,
    subscribe?: (subscriber: Subscriber<T>) => TeardownLogic,
    threw: (error: unknown, value: T) => void = report,
  ) {
    super(subscribe);
    this.report = report;
    this.threw = threw;
  }

  // RxJS marks `lift`, `source` and `operator` as internal; overriding them is its one way to keep a class through `pipe`.
  /* eslint-disable @typescript-eslint/no-deprecated */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new Guarded<R>(this.report);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }
  /* eslint-enable @typescript-eslint/no-deprecated */

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof Subscriber) return super.subscribe(observerOrNext);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'object' && observerOrNext !== null
        ? observerOrNext
        : {
            ...(observerOrNext ? { next: observerOrNext } : {}),
            ...(error ? { error } : {}),
            ...(complete ? { complete } : {}),
          };
    return super.subscribe({
      next: (value) => {
        try {
          observer.next?.(value);
        } catch (thrown) {
          this.threw(thrown, value);
        }
      },
      error: (failure: unknown) => {
        if (typeof observer.error === 'function') observer.error(failure);
        else this.report(failure);
      },
      complete: () => {
        observer.complete?.();
      },
    });
  }
}

/** `source`, guarded. */
export function guard<T>(source: Observable<T>, report: (error: unknown) => void): Observable<T> {
  return new Guarded<T>(report, (subscriber) => source.subscribe(subscriber));
}
