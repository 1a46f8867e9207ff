import { Observable, type MonoTypeOperatorFunction } from 'rxjs';

/**
 * One at a time: what arrives while a value is being handled waits until that is done, and then comes in order. So a
 * consequence never overtakes its cause, and a loop of answers never recurses. What waits is what one value caused.
 * Unsubscribing drops it. Unlike `observeOn(queueScheduler)` it has a queue of its own: nobody else's throw empties it.
 */
export function inTurn<T>(): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable<T>((subscriber) => {
      let waiting: (() => void)[] = [];
      let busy = false;
      const enter = (notify: () => void): void => {
        waiting.push(notify);
        if (busy) return;
        busy = true;
        try {
          for (let at = 0; at < waiting.length && !subscriber.closed; at += 1) waiting[at]?.();
        } finally {
          waiting = [];
          busy = false;
        }
      };
      return source.subscribe({
        next: (value) => {
          enter(() => {
            subscriber.next(value);
          });
        },
        error: (error: unknown) => {
          enter(() => {
            subscriber.error(error);
          });
        },
        complete: () => {
          enter(() => {
            subscriber.complete();
          });
        },
      });
    });
}
