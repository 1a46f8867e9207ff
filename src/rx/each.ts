import { Observable, type OperatorFunction } from 'rxjs';
import { handingOn } from './handing-on.js';

/** The items of every list, in order: `concatMap` of lists, without a subscription for each of them. */
export function each<T>(): OperatorFunction<readonly T[], T> {
  return (list$) =>
    new Observable<T>((subscriber) =>
      list$.subscribe(
        handingOn(subscriber, (list) => {
          for (let at = 0; at < list.length && !subscriber.closed; at += 1) {
            // The index is within the list; the item may itself be `undefined`.
            subscriber.next(list[at] as T);
          }
        }),
      ),
    );
}
