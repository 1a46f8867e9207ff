import { BehaviorSubject, Observable, type ObservableInput, type OperatorFunction } from 'rxjs';
import type { Bytes } from '../core/duplex.js';
import type { Stream } from '../core/stream-contract.js';
import { oneAtATime } from '../rx/one-at-a-time.js';

/** @see Stream.consume */
export function consume<F, R>(
  stream: Stream,
  first: OperatorFunction<Bytes, F> | ((chunk: Bytes) => ObservableInput<R>),
  project: ((frame: F) => ObservableInput<R>) | undefined,
): Observable<R> {
  return new Observable<R>((subscriber) => {
    const room = new BehaviorSubject(true);
    const chunk$ = stream.read(room);
    const result$ =
      project === undefined
        ? // One argument: by the overloads it is the projection of a chunk.
          oneAtATime(chunk$, room, first as (chunk: Bytes) => ObservableInput<R>)
        : // Two arguments: by the overloads the first is the frames' operator.
          oneAtATime(chunk$.pipe(first as OperatorFunction<Bytes, F>), room, project);
    return result$.subscribe(subscriber);
  });
}
