import { Observable, type MonoTypeOperatorFunction } from 'rxjs';
import type { Permits } from './permits.js';

/**
 * The source, subscribed once `permits` has one free: at once, or when those before it are served. The permit goes back
 * when the source has ended or the subscriber has left, behind the source's own teardown: never more than the limit are
 * alive. Unsubscribing while it waits frees its place. Emits, completes and errors as the source does.
 *
 * @source go-libp2p swarm, dial limiter (LIM-4 to LIM-6)
 */
export function withPermit<T>(permits: Permits): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable<T>((subscriber) =>
      permits.request(() => {
        try {
          // The very same subscriber: the source's teardown gets its place in it before `release` does.
          source.subscribe(subscriber);
        } catch (error) {
          subscriber.error(error);
        } finally {
          subscriber.add(() => {
            permits.release();
          });
        }
      }),
    );
}
