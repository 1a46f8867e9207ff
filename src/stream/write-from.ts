import { from, Observable, type ObservableInput } from 'rxjs';
import type { Writable } from '../core/duplex.js';
import type { Stream } from '../core/stream-contract.js';
import { pull } from '../promises/pull.js';
import { pullSync } from '../rx/pull-sync.js';

/** @see Stream.writeFrom */
export function writeFrom(source: ObservableInput<Writable>, stream: Stream): Observable<never> {
  return new Observable<never>((subscriber) => {
    subscriber.add(
      stream.closed$.subscribe({
        next: ({ error }) => {
          if (error === undefined) subscriber.complete();
          else subscriber.error(error);
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
      }),
    );
    if (subscriber.closed) return;
    subscriber.add(
      paced(source, stream).subscribe({
        next: (bytes) => {
          stream.next(bytes);
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          subscriber.complete();
        },
      }),
    );
  });
}

/** What can be pulled is pulled while there is room; what pushes, pushes. */
function paced(source: ObservableInput<Writable>, stream: Stream): Observable<Writable> {
  if (typeof source === 'object' && Symbol.asyncIterator in source) return pull(source, stream.room$);
  if (typeof source === 'object' && Symbol.iterator in source) return pullSync(source, stream.room$);
  return from(source);
}
