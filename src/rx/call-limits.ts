import { Observable, type SchedulerLike } from 'rxjs';
import { AbortError, TimeoutError } from '../core/errors.js';

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** `source` until it is over, its `signal` aborts (ERR_ABORTED) or `timeoutMs` have passed (ERR_TIMEOUT, naming `stage`). */
export function withLimits<T>(
  source: Observable<T>,
  { signal, timeoutMs }: CallLimits,
  stage: string,
  scheduler: SchedulerLike,
): Observable<T> {
  if (signal === undefined && timeoutMs === undefined) return source;
  return new Observable<T>((subscriber) => {
    const abort = (): void => {
      subscriber.error(new AbortError(`${stage} was aborted`, { cause: signal?.reason }));
    };
    if (signal?.aborted === true) {
      // Never inside `subscribe`, where a retry would recurse.
      subscriber.add(scheduler.schedule(abort, 0));
      return;
    }
    signal?.addEventListener('abort', abort);
    subscriber.add(() => signal?.removeEventListener('abort', abort));
    if (timeoutMs !== undefined) {
      subscriber.add(
        scheduler.schedule(() => {
          subscriber.error(new TimeoutError(stage, timeoutMs));
        }, timeoutMs),
      );
    }
    subscriber.add(source.subscribe(subscriber));
  });
}
