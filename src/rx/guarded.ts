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
 * remote peer end the process: a subscriber without an error handler gets `report` as one. Chains made with `pipe` stay
 * guarded; a new Observable (`merge`, `defer`) begins under RxJS's own rule.
 */
export class Guarded<T> extends Observable<T> {
  readonly report: (error: unknown) => void;

  constructor(
    report: (error: unknown) => void,
    subscribe?: (this: Observable<T>, subscriber: Subscriber<T>) => TeardownLogic,
  ) {
    super(subscribe);
    this.report = report;
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
    if (typeof observerOrNext === 'object' && observerOrNext !== null) {
      const observer = observerOrNext;
      if (typeof observer.error === 'function') return super.subscribe(observer);
      return super.subscribe({
        next: (value) => {
          observer.next?.(value);
        },
        error: this.report,
        complete: () => {
          observer.complete?.();
        },
      });
    }
    return super.subscribe({
      ...(observerOrNext ? { next: observerOrNext } : {}),
      error: error ?? this.report,
      ...(complete ? { complete } : {}),
    });
  }
}

/** `source`, guarded. */
export function guard<T>(source: Observable<T>, report: (error: unknown) => void): Observable<T> {
  return new Guarded<T>(report, (subscriber) => source.subscribe(subscriber));
}

/** What `subscribe` makes of `source`: guarded where that is, as a chain of operators would be. */
export function derive<T, R>(
  source: Observable<T>,
  subscribe: (subscriber: Subscriber<R>) => TeardownLogic,
): Observable<R> {
  return source instanceof Guarded ? new Guarded<R>(source.report, subscribe) : new Observable<R>(subscribe);
}
