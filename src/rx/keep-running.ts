import { connect, filter, mergeMap, pairwise, startWith, takeUntil } from 'rxjs';
import type { Observable, OperatorFunction } from 'rxjs';

const NOTHING: ReadonlySet<never> = new Set();

/**
 * Runs what is wanted: a key that appears in the set is run, one that disappears is cancelled, one that stays goes on.
 * Emits what the runs emit; errors as the first of them does. Unsubscribing cancels all.
 */
export function keepRunning<K, T>(run: (key: K) => Observable<T>): OperatorFunction<ReadonlySet<K>, T> {
  return (wanted$) =>
    wanted$.pipe(
      startWith<ReadonlySet<K>>(NOTHING),
      connect((shared$) =>
        shared$.pipe(
          pairwise(),
          mergeMap(([before, now]) => [...now].filter((key) => !before.has(key))),
          // As many at once as the set has keys.
          mergeMap((key) => run(key).pipe(takeUntil(shared$.pipe(filter((now) => !now.has(key)))))),
        ),
      ),
    );
}
