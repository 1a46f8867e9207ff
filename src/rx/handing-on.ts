import type { Observer } from 'rxjs';

/**
 * Gives `next` the values, and `observer` how they end. Whoever is subscribed with it has a subscriber of its own, which is
 * torn down before what is added to `observer` behind it.
 */
export function handingOn<T>(
  observer: Pick<Observer<never>, 'error' | 'complete'>,
  next: (value: T) => void,
): Observer<T> {
  return {
    next,
    error: (error: unknown) => {
      observer.error(error);
    },
    complete: () => {
      observer.complete();
    },
  };
}
