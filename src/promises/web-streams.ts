import { filter, firstValueFrom, map, merge, take } from 'rxjs';
import type { Bytes } from '../core/duplex.js';
import type { Stream } from '../core/stream-contract.js';
import { iterate } from './iterate.js';

/** A stream as web streams: pulling grants window, writing waits for room; cancelling or aborting resets. */
export function toWebStreams(stream: Stream): {
  readable: ReadableStream<Bytes>;
  writable: WritableStream<Uint8Array>;
} {
  const chunks = iterate((room$) => stream.read(room$));
  const readable = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const result = await chunks.next();
        if (result.done === true) controller.close();
        else controller.enqueue(result.value);
      },
      cancel(reason) {
        stream.error(reason ?? new Error('the web stream was cancelled'));
      },
    },
    // Nothing is read ahead: what is not asked for stays in the remote's hands.
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Uint8Array>({
    async write(chunk) {
      stream.next(chunk);
      await roomOrEnd(stream);
    },
    close() {
      stream.complete();
    },
    abort(reason) {
      stream.error(reason ?? new Error('the web stream was aborted'));
    },
  });
  return { readable, writable };
}

/** Resolves when the stream has room; rejects when it was reset. */
export async function roomOrEnd(stream: Stream): Promise<void> {
  if (stream.hasRoom) return;
  const end$ = stream.closed$.pipe(map(({ error }) => error));
  const room$ = stream.room$.pipe(
    filter(Boolean),
    take(1),
    map(() => undefined),
  );
  const error = await firstValueFrom(merge(room$, end$).pipe(take(1)), { defaultValue: undefined });
  if (error !== undefined) throw error;
}
