/** Bytes that tell when one is missing, doubled, changed or out of order; and their checksum. */
import { Observable } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { must, within } from './waiting.js';

/** No writer gives more at once. */
const BLOCK_BYTES = 64 * 1024;
/** What lengths are written: around the sizes of windows, frames and messages, and where one is cut. */
const ODD_SIZES = [1, 2, 3, 7, 255, 256, 16_383, 16_384, 65_535, 65_536, 65_519];
/** Looked up once: inside a test framework's sandbox, globals are slow. */
const { imul } = Math;
const KNUTH = 2_654_435_761;

/** Depends on every byte and its place. */
export class Checksum {
  byteLength = 0;
  private hash = 7;

  add(bytes: Uint8Array): void {
    let { hash } = this;
    for (let at = 0; at < bytes.byteLength; at += 1) hash = (imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    this.hash = hash;
    this.byteLength += bytes.byteLength;
  }

  toString(): string {
    return `${String(this.byteLength)} bytes, sum ${(this.hash >>> 0).toString(16)}`;
  }
}

/** So many bytes, in pieces of all sizes first, then as large ones; `sum` hears them as they are taken. */
export function* blocks(byteLength: number, seed: number, sum: Checksum): Generator<Bytes> {
  let left = byteLength;
  for (let at = 0; left > 0; at += 1) {
    const size = Math.min(left, ODD_SIZES[at] ?? BLOCK_BYTES);
    const block = new Uint8Array(size);
    fill(block, seed + at);
    sum.add(block);
    left -= size;
    yield block;
  }
}

/** Xorshift: four bytes at a time, so that making them costs little beside carrying them. */
function fill(block: Uint8Array, seed: number): void {
  let state = imul(seed + 1, KNUTH) | 1;
  for (let at = 0; at < block.byteLength; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block[at] = state;
    block[at + 1] = state >>> 8;
    block[at + 2] = state >>> 16;
    block[at + 3] = state >>> 24;
  }
}

export interface Heard {
  readonly sum: Checksum;
  /** `'complete'`, or the error; when it has come. */
  readonly end: Promise<unknown>;
}

/** Reads all that comes. */
export function hear(
  channel: Pick<Duplex, 'read'>,
  room$?: Observable<boolean>,
  sum = new Checksum(),
): Heard {
  let finish: (end: unknown) => void = () => undefined;
  const end = new Promise<unknown>((resolve) => {
    finish = resolve;
  });
  channel.read(room$).subscribe({
    next: (bytes) => {
      sum.add(bytes);
    },
    error: finish,
    complete: () => {
      finish('complete');
    },
  });
  return { sum, end };
}

/** Writes the blocks as there is room, then completes our side. Errors where the channel's room ends before. */
export function send(channel: Pick<Duplex, 'sink' | 'room$'>, source: Iterable<Writable>): Observable<never> {
  return new Observable<never>((subscriber) => {
    const iterator = source[Symbol.iterator]();
    let hasRoom = false;
    let writing = false;
    const pump = (): void => {
      if (writing) return;
      writing = true;
      while (hasRoom && !subscriber.closed) {
        const next = iterator.next();
        if (next.done === true) {
          // In this order: a channel may go away as soon as our side is complete.
          subscriber.complete();
          channel.sink.complete();
          break;
        }
        channel.sink.next(next.value);
      }
      writing = false;
    };
    return channel.room$.subscribe({
      next: (room) => {
        hasRoom = room;
        pump();
      },
      error: (error: unknown) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.error(new Error('the channel went away before all was written'));
      },
    });
  });
}

/** What was heard is what was sent, and then the end. */
export async function mustMatch(heard: Heard, sent: Checksum, what: string, withinMs: number): Promise<void> {
  const end = await within(heard.end, `${what}: no end, after ${heard.sum.toString()}`, withinMs);
  must(end === 'complete', `${what}: ended with ${String(end)}, after ${heard.sum.toString()}`);
  must(
    heard.sum.toString() === sent.toString(),
    `${what}: sent ${sent.toString()}; came ${heard.sum.toString()}`,
  );
}
