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
      /** What came meanwhile, and what comes of that. */
      const goOn = (): void => {
        for (let at = 0; at < waiting.length && !subscriber.closed; at += 1) waiting[at]?.();
      };
      const leave = (): void => {
        if (waiting.length > 0) waiting = [];
        busy = false;
      };
      const end = (notify: () => void): void => {
        if (busy) waiting.push(notify);
        else notify();
      };
      return source.subscribe({
        next: (value) => {
          if (busy) {
            waiting.push(() => {
              subscriber.next(value);
            });
            return;
          }
          busy = true;
          try {
            subscriber.next(value);
            goOn();
          } finally {
            leave();
          }
        },
        error: (error: unknown) => {
          end(() => {
            subscriber.error(error);
          });
        },
        complete: () => {
          end(() => {
            subscriber.complete();
          });
        },
      });
    });
}
