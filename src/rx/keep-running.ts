import { defer, mergeMap, Observable, Subject, takeUntil, type OperatorFunction } from 'rxjs';

/**
 * Runs what is wanted: a key that appears in the set is run, one that disappears is cancelled, one that stays goes on.
 * Emits what the runs emit; errors as the first of them does; completes when nobody can want anything more and all that
 * runs has ended. Unsubscribing cancels all. What goes is cancelled before anything starts, and what started last first:
 * so nobody who waits behind another gets its turn on the way out.
 */
export function keepRunning<K, T>(run: (key: K) => Observable<T>): OperatorFunction<ReadonlySet<K>, T> {
  return (wanted$) =>
    defer(() => {
      // What cancels each, in the order in which they started. As many as the set has keys.
      const stops = new Map<K, Subject<void>>();
      const keepOnly = (isWanted: (key: K) => boolean): void => {
        for (const key of [...stops.keys()].filter((running) => !isWanted(running)).reverse()) {
          const stop = stops.get(key);
          stops.delete(key);
          stop?.next();
        }
      };
      const news$ = wanted$.pipe(
        mergeMap((wanted) => {
          keepOnly((key) => wanted.has(key));
          return [...wanted].filter((key) => !stops.has(key));
        }),
        mergeMap((key) => {
          const stop = new Subject<void>();
          stops.set(key, stop);
          return run(key).pipe(takeUntil(stop));
        }),
      );
      return news$.pipe(
        leavingFirst(() => {
          keepOnly(() => false);
        }),
      );
    });
}

/** Like `finalize`, but ahead of what the source does when it is left. */
function leavingFirst<T>(leave: () => void): (source: Observable<T>) => Observable<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      subscriber.add(leave);
      return source.subscribe(subscriber);
    });
}
