import { concatBytes, NO_BYTES } from '../core/bytes.js';
import type { Bytes, Writable } from '../core/duplex.js';
import { AbortError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { CallOptions, Stream } from '../core/stream-contract.js';
import { iterate } from './iterate.js';
import { roomOrEnd } from './web-streams.js';

/** A stream read by exactly so many bytes. */
export interface ByteStream {
  /** Exactly `byteLength` bytes, or the next chunk if left out. ERR_UNEXPECTED_END if the stream ends before. */
  read(byteLength?: number, options?: CallOptions): Promise<Bytes>;
  /** Resolves when the stream has room for more. */
  write(bytes: Writable, options?: CallOptions): Promise<void>;
  /** The stream itself, when nothing is held here. */
  unwrap(): Stream;
}

/**
 * The promise face of a stream, for code that reads exactly n bytes. It pulls: what is not asked for is not granted.
 *
 * @example
 * ```ts
 * import { byteStream, createHost, serve } from 'rx-libp2p';
 *
 * const host = await createHost();
 * host
 *   .handle('/upper/1.0.0')
 *   .pipe(
 *     serve(async (stream) => {
 *       const io = byteStream(stream);
 *       const [length = 0] = await io.read(1);
 *       const text = new TextDecoder().decode(await io.read(length, { timeoutMs: 5_000 }));
 *       await io.write(new TextEncoder().encode(text.toUpperCase()));
 *     }),
 *   )
 *   .subscribe();
 * ```
 */
export function byteStream(stream: Stream): ByteStream {
  const chunks = iterate((room$) => stream.read(room$));
  let held: Bytes = NO_BYTES;
  const fill = async (byteLength: number): Promise<void> => {
    while (held.byteLength < byteLength) {
      const result = await chunks.next();
      if (result.done === true)
        throw new Libp2pError(
          'ERR_UNEXPECTED_END',
          'remote',
          `the stream ended after ${String(held.byteLength)} of ${String(byteLength)} bytes`,
        );
      held = concatBytes(held, result.value);
    }
  };
  return {
    async read(byteLength, options = {}) {
      await limited(fill(byteLength ?? 1), options, 'reading');
      const taken = held.subarray(0, byteLength ?? held.byteLength);
      held = held.subarray(taken.byteLength);
      return taken;
    },
    async write(bytes, options = {}) {
      stream.next(bytes);
      await limited(roomOrEnd(stream), options, 'writing');
    },
    unwrap: () => stream,
  };
}

/** A call that may be given up. The timeout is the platform's own: `AbortSignal.timeout`. */
async function limited<T>(work: Promise<T>, { signal, timeoutMs }: CallOptions, stage: string): Promise<T> {
  const signals = [
    ...(signal === undefined ? [] : [signal]),
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
  ];
  if (signals.length === 0) return work;
  const any = AbortSignal.any(signals);
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(
        signal?.aborted === true
          ? new AbortError(`${stage} was aborted`, { cause: signal.reason })
          : new TimeoutError(stage, timeoutMs ?? 0),
      );
    };
    if (any.aborted) abort();
    any.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject);
  });
}
