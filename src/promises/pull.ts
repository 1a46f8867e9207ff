import { Observable } from 'rxjs';

/** The items of an async iterable, asked for only while `room$` is true, one at a time. Unsubscribing returns the iterator. */
export function pull<T>(source: AsyncIterable<T>, room$: Observable<boolean>): Observable<T> {
  return new Observable<T>((subscriber) => {
    const iterator = source[Symbol.asyncIterator]();
    let hasRoom = false;
    let pulling = false;
    const fail = (error: unknown): void => {
      subscriber.error(error);
    };
    const take = (): void => {
      if (pulling || !hasRoom || subscriber.closed) return;
      pulling = true;
      iterator.next().then((item) => {
        pulling = false;
        if (item.done === true) subscriber.complete();
        else {
          subscriber.next(item.value);
          take();
        }
      }, fail);
    };
    subscriber.add(() => {
      iterator.return?.().catch(() => undefined);
    });
    subscriber.add(
      room$.subscribe({
        next: (next) => {
          hasRoom = next;
          take();
        },
        error: fail,
      }),
    );
  });
}
