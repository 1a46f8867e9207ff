import { debounce, defer, tap, timer, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs';
import { TokenBucket, type Rate } from '../core/token-bucket.js';

export interface Coalescing {
  readonly quietMs: number;
  readonly atMostMs: number;
  readonly rate: Rate;
}

/**
 * The last value, once there was none for `quietMs`; where they never end, `atMostMs` after the first that was held back;
 * and not more often than `rate`. One timer at most. Completes and errors as the source does; a value that waits is
 * emitted at its completion.
 */
export function coalesce<T>(
  { quietMs, atMostMs, rate }: Coalescing,
  scheduler: SchedulerLike,
): MonoTypeOperatorFunction<T> {
  return (source) =>
    defer(() => {
      const bucket = new TokenBucket(rate, scheduler.now());
      let since: number | undefined;
      return source.pipe(
        debounce(() => {
          const now = scheduler.now();
          since ??= now;
          const quiet = Math.min(quietMs, since + atMostMs - now);
          return timer(Math.max(0, quiet, bucket.waitMs(now)), scheduler);
        }),
        tap(() => {
          since = undefined;
          bucket.take(scheduler.now());
        }),
      );
    });
}
