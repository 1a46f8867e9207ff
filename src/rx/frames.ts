/** Frames in bytes, as operators: length-prefixed messages and lines. Loops, not `concatMap`: a chunk may hold thousands. */
import { map, Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import { concatBytes, fromUtf8, NO_BYTES } from '../core/bytes.js';
import type { Bytes, Writable } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import { decodeSmallVarint, encodeVarint } from '../core/varint.js';

/** The next frame and where it ends; `undefined` for "more, please". May throw. */
type Decode<F> = (held: Bytes) => { readonly frame: F; readonly end: number } | undefined;

function unframe<F>(
  decode: () => Decode<F>,
  what: string,
  atEnd?: (held: Bytes) => F | undefined,
): OperatorFunction<Uint8Array, F> {
  return (chunk$) =>
    new Observable<F>((subscriber) => {
      let held: Bytes = NO_BYTES;
      const next = decode();
      return chunk$.subscribe({
        next: (chunk) => {
          held = concatBytes(held, chunk);
          try {
            for (let found = next(held); found !== undefined && !subscriber.closed; found = next(held)) {
              held = held.subarray(found.end);
              subscriber.next(found.frame);
            }
          } catch (error) {
            subscriber.error(asError(error));
          }
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          try {
            finish(subscriber, held, what, atEnd);
          } catch (error) {
            subscriber.error(asError(error));
          }
        },
      });
    });
}

/** May throw, as what decodes may. */
function finish<F>(
  subscriber: Subscriber<F>,
  held: Bytes,
  what: string,
  atEnd?: (held: Bytes) => F | undefined,
): void {
  if (held.byteLength > 0) {
    const last = atEnd?.(held);
    if (last === undefined) {
      subscriber.error(new Libp2pError('ERR_UNEXPECTED_END', 'remote', `the stream ended inside a ${what}`));
      return;
    }
    subscriber.next(last);
  }
  subscriber.complete();
}

/**
 * Messages behind their length as a varint. Errors with ERR_MESSAGE_TOO_LONG on the length alone, ERR_INVALID_VARINT, ERR_UNEXPECTED_END. Holds at most one message.
 *
 * @example
 * ```ts
 * import { lengthPrefixed, withLengthPrefix } from 'rx-libp2p';
 * import { from, map } from 'rxjs';
 *
 * from([Uint8Array.of(1, 2), Uint8Array.of(3)])
 *   .pipe(withLengthPrefix(), map((message) => message.subarray()), lengthPrefixed({ maxBytes: 1024 }))
 *   .subscribe((message) => console.log(message));
 * ```
 */
export function lengthPrefixed({
  maxBytes,
}: {
  readonly maxBytes: number;
}): OperatorFunction<Uint8Array, Bytes> {
  return unframe(
    () => (held) => {
      const length = decodeSmallVarint(held);
      if (length === undefined) return undefined;
      if (length.value > maxBytes) throw tooLong('a message', length.value, maxBytes);
      const end = length.bytesRead + length.value;
      return held.byteLength < end ? undefined : { frame: held.subarray(length.bytesRead, end), end };
    },
    'message',
  );
}

/** Puts its length in front of every message. */
export function withLengthPrefix(): OperatorFunction<Writable, Uint8ArrayList> {
  return map((message) => new Uint8ArrayList(encodeVarint(message.byteLength), message));
}

const NEWLINE = 0x0a;

/**
 * UTF-8 lines without their newline (and a carriage return before it); the last may lack it. Errors with ERR_MESSAGE_TOO_LONG beyond `maxBytes`.
 *
 * @example
 * ```ts
 * import { lines } from 'rx-libp2p';
 * import { from, map } from 'rxjs';
 *
 * from(['one\ntw', 'o\n'])
 *   .pipe(map((text) => new TextEncoder().encode(text)), lines({ maxBytes: 1024 }))
 *   .subscribe((line) => console.log(line)); // one, two
 * ```
 */
export function lines({ maxBytes }: { readonly maxBytes: number }): OperatorFunction<Uint8Array, string> {
  return unframe(
    () => {
      let searched = 0;
      return (held) => {
        const at = held.indexOf(NEWLINE, searched);
        if ((at < 0 ? held.byteLength : at) > maxBytes)
          throw tooLong('a line', at < 0 ? held.byteLength : at, maxBytes);
        searched = at < 0 ? held.byteLength : 0;
        return at < 0 ? undefined : { frame: lineOf(held.subarray(0, at)), end: at + 1 };
      };
    },
    'line',
    lineOf,
  );
}

function lineOf(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new Libp2pError('ERR_MULTISTREAM', 'remote', 'a line that is not UTF-8');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

function tooLong(what: string, byteLength: number, maxBytes: number): Libp2pError {
  return new Libp2pError(
    'ERR_MESSAGE_TOO_LONG',
    'remote',
    `${what} of ${String(byteLength)} bytes; ${String(maxBytes)} are allowed`,
  );
}
