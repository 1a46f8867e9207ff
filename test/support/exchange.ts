import { concatMap, lastValueFrom, merge, of, tap, timer, toArray, type Observable } from 'rxjs';
import { withStream, type Stream } from '../../src/index.js';

/** Says `sent` on a stream, half-closes it, and gives what came back until the other side's end; reads only after a while. */
export function exchange(stream$: Observable<Stream>, sent: Uint8Array, readAfterMs = 0): Promise<Buffer> {
  const answer$ = stream$.pipe(
    withStream((stream) => {
      const written$ = stream.writeFrom(of(sent)).pipe(
        tap({
          complete: () => {
            stream.complete();
          },
        }),
      );
      return merge(written$, readAfterMs === 0 ? stream : timer(readAfterMs).pipe(concatMap(() => stream)));
    }),
    toArray(),
  );
  return lastValueFrom(answer$).then((chunks) => Buffer.concat(chunks));
}
