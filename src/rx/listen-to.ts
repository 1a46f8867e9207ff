import { Subject, takeUntil, type Observable, type Observer, type Subscription } from 'rxjs';

/**
 * Subscribes until `until` is unsubscribed, also when that happens inside a value that comes before `subscribe` has
 * returned: a channel may have bytes at once, and its next reader must find the last one gone.
 */
export function listenTo<T>(source: Observable<T>, until: Subscription, observer: Observer<T>): void {
  const stop = new Subject<void>();
  until.add(() => {
    stop.next();
  });
  source.pipe(takeUntil(stop)).subscribe({
    next: (value) => {
      if (!until.closed) observer.next(value);
    },
    error: (error: unknown) => {
      if (!until.closed) observer.error(error);
    },
    complete: () => {
      if (!until.closed) observer.complete();
    },
  });
}
