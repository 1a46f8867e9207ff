import { Observable } from 'rxjs';

/** The items of an iterable, taken only while `room$` is true. */
export function pullSync<T>(source: Iterable<T>, room$: Observable<boolean>): Observable<T> {
  return new Observable<T>((subscriber) => {
    const iterator = source[Symbol.iterator]();
    let hasRoom = false;
    let pulling = false;
    const take = (): void => {
      // An item may fill the room and so call back in here: the loop that runs sees it.
      if (pulling) return;
      pulling = true;
      try {
        while (hasRoom && !subscriber.closed) {
          const item = iterator.next();
          if (item.done === true) subscriber.complete();
          else subscriber.next(item.value);
        }
      } catch (error) {
        subscriber.error(error);
      }
      pulling = false;
    };
    subscriber.add(() => {
      iterator.return?.();
    });
    subscriber.add(
      room$.subscribe({
        next: (next) => {
          hasRoom = next;
          take();
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
      }),
    );
  });
}
