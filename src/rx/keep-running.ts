import { defer, mergeMap, Observable, Subject, takeUntil, type OperatorFunction } from 'rxjs';
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
    defer(() => {
      // What cancels each, in the order in which they started. As many as are wanted.
      const stops = new Map<K, Subject<void>>();
      const cancel = (key: K): void => {
        const stop = stops.get(key);
        stops.delete(key);
        stop?.next();
      };
      const news$ = wanted$.pipe(
        mergeMap((wanted) => {
          const { started, cancelled } = 'started' in wanted ? wanted : difference(stops, wanted);
          cancelled.forEach(cancel);
          return started;
        }),
        mergeMap((key) => {
          const stop = new Subject<void>();
          stops.set(key, stop);
          return run(key).pipe(takeUntil(stop));
        }),
      );
      return news$.pipe(
        leavingFirst(() => {
          [...stops.keys()].reverse().forEach(cancel);
        }),
      );
    });
}

function difference<K>(running: ReadonlyMap<K, unknown>, wanted: ReadonlySet<K>): TaskChanges<K> {
  return {
    started: [...wanted].filter((key) => !running.has(key)),
    cancelled: [...running.keys()].filter((key) => !wanted.has(key)).reverse(),
  };
}

/** Like `finalize`, but ahead of what the source does when it is left. */
function leavingFirst<T>(leave: () => void): (source: Observable<T>) => Observable<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      subscriber.add(leave);
      return source.subscribe(subscriber);
    });
}
