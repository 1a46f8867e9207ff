/** What a stream still has to send, and what of it the addon has in hand: pieces in, chunks of a good size out. */
import { concatBytes } from '../../core/bytes.js';
import type { Writable } from '../../core/duplex.js';
import { WRITE_BYTES } from './limits.js';

/** From here on a piece goes as it is: copying it costs more than a call for it alone. */
const ALONE_BYTES = 16 * 1024;

export class SendQueue {
  private pieces: Uint8Array[] = [];
  private head = 0;
  private inHand = 0;
  /** What was pushed and not taken, bytes. */
  byteLength = 0;

  push(bytes: Writable): void {
    if (bytes instanceof Uint8Array) this.pieces.push(bytes);
    else for (const piece of bytes) this.pieces.push(piece);
    this.byteLength += bytes.byteLength;
  }

  /** What is to be sent next, until `taken`: a large piece is never copied, small ones are put together. */
  next(): Uint8Array | undefined {
    const first = this.pieces[this.head];
    if (first === undefined) return undefined;
    const chunk = first.byteLength >= ALONE_BYTES || this.isLast ? this.cut(first) : this.gather();
    this.inHand = chunk.byteLength;
    return chunk;
  }

  /** The chunk in hand has been sent: how long it was. */
  taken(): number {
    const byteLength = this.inHand;
    this.byteLength -= byteLength;
    this.inHand = 0;
    return byteLength;
  }

  clear(): void {
    this.pieces = [];
    this.head = 0;
    this.byteLength = 0;
    this.inHand = 0;
  }

  private get isLast(): boolean {
    return this.head + 1 === this.pieces.length;
  }

  private cut(first: Uint8Array): Uint8Array {
    if (first.byteLength <= WRITE_BYTES) {
      this.drop(1);
      return first;
    }
    this.pieces[this.head] = first.subarray(WRITE_BYTES);
    return first.subarray(0, WRITE_BYTES);
  }

  private gather(): Uint8Array {
    let count = 0;
    let byteLength = 0;
    for (let at = this.head; at < this.pieces.length; at += 1) {
      const more = this.pieces[at]?.byteLength ?? 0;
      if (more >= ALONE_BYTES || byteLength + more > WRITE_BYTES) break;
      byteLength += more;
      count += 1;
    }
    const chunk = concatBytes(...this.pieces.slice(this.head, this.head + count));
    this.drop(count);
    return chunk;
  }

  private drop(count: number): void {
    this.head += count;
    if (this.head === this.pieces.length) {
      this.pieces = [];
      this.head = 0;
    } else if (this.head > 256) {
      this.pieces = this.pieces.slice(this.head);
      this.head = 0;
    }
  }
}
