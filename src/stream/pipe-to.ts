import { Observable } from 'rxjs';
import type { CloseReason, Duplex } from '../core/duplex.js';
import type { Stream } from '../core/stream-contract.js';

/** The destination's own word about its end, where it gives one: a stream does, a bare sink does not. */
type Destination = Pick<Duplex, 'sink' | 'room$'> & { readonly closed$?: Observable<CloseReason> };

/** @see Stream.pipeTo */
export function pipeTo(source: Stream, destination: Destination): Observable<never> {
  return new Observable<never>((subscriber) => {
    // One's own end is heard of by reading.
    if ((destination as unknown) !== source && destination.closed$ !== undefined) {
      subscriber.add(
        destination.closed$.subscribe({
          next: ({ error }) => {
            if (error === undefined) return;
            source.error(error);
            subscriber.error(error);
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
        }),
      );
    }
    subscriber.add(
      source.read(destination.room$).subscribe({
        next: (bytes) => {
          destination.sink.next(bytes);
        },
        error: (error: unknown) => {
          destination.sink.error(error);
          subscriber.error(error);
        },
        complete: () => {
          destination.sink.complete();
          subscriber.complete();
        },
      }),
    );
  });
}
