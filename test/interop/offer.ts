import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValueFrom, mergeMap, take, toArray, type ObservableInput } from 'rxjs';
import { serve, type Host, type Stream } from '../../src/index.js';

/** The code of every reset that is made on purpose. */
export const CODE = 0x1234;
export const digest = (bytes: Uint8Array): string =>
  `${String(bytes.byteLength)} ${createHash('sha256').update(bytes).digest('hex')}`;

function readAll(stream: Stream): Promise<Buffer> {
  return lastValueFrom(stream.pipe(toArray())).then((chunks) => Buffer.concat(chunks));
}

/** What the peers offer, offered by us. */
export function offer(host: Host): void {
  const answer = async (stream: Stream): Promise<void> => {
    stream.next(Buffer.from(digest(await readAll(stream))));
  };
  const handlers: Record<string, (stream: Stream) => ObservableInput<unknown>> = {
    '/interop/echo/1': (stream) => stream.pipeTo(stream),
    '/interop/count/1': answer,
    '/interop/slow/1': async (stream) => {
      await sleep(1000);
      const chunks: Uint8Array[] = [];
      await lastValueFrom(
        stream.consume((chunk) => {
          chunks.push(chunk);
          return [];
        }),
        { defaultValue: undefined },
      );
      stream.next(Buffer.from(digest(Buffer.concat(chunks))));
    },
    '/interop/reset/1': (stream) =>
      stream.pipe(
        take(1),
        mergeMap(() => {
          stream.error(new Error('reset on purpose'), CODE);
          return [];
        }),
      ),
  };
  for (const [id, handler] of Object.entries(handlers)) host.handle(id).pipe(serve(handler)).subscribe();
}
