import { debounce, defer, tap, timer, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs';

/**
 * The last value, once there was none for `quietMs`; where they never end, `atMostMs` after the first that was held back.
 * One timer at most. Completes and errors as the source does; a value that waits is emitted at its completion.
 */
export function coalesce<T>(
  { quietMs, atMostMs }: { readonly quietMs: number; readonly atMostMs: number },
  scheduler: SchedulerLike,
): MonoTypeOperatorFunction<T> {
  return (source) =>
    defer(() => {
      let since: number | undefined;
      return source.pipe(
        debounce(() => {
          since ??= scheduler.now();
          const left = since + atMostMs - scheduler.now();
          return timer(Math.max(0, Math.min(quietMs, left)), scheduler);
        }),
        tap(() => {
          since = undefined;
        }),
      );
    });
}
