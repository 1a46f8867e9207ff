/**
 * The one mutable buffer: chunks in order, counted, with small ones gathered so that many tiny chunks, or a tiny slice
 * of a large buffer, cannot hold more memory than about twice their bytes. Byte path: fields, not copied state (ADR 2).
 */
import type { Bytes } from './duplex.js';

/** Chunks below this are copied together: above it, keeping a slice is cheaper than copying. */
const GATHER_BELOW_BYTES = 2048;
const GATHER_BUFFER_BYTES = 4096;

export class ByteQueue {
  private chunks: Bytes[] = [];
  private head = 0;
  private gather: Bytes | undefined;
  private gathered = 0;
  private gatherStart = 0;
  /** The only chunk that is held, where it is a small one. */
  private lone: Bytes | undefined;
  /** Bytes held. */
  byteLength = 0;

  push(chunk: Bytes): void {
    if (chunk.byteLength === 0) return;
    this.byteLength += chunk.byteLength;
    if (chunk.byteLength >= GATHER_BELOW_BYTES) {
      this.gather = undefined;
      this.lone = undefined;
      this.chunks.push(this.compact(chunk));
    } else this.pushSmall(chunk);
  }

  /** The oldest chunk, or `undefined` when empty. */
  shift(): Bytes | undefined {
    const chunk = this.chunks[this.head];
    if (chunk === undefined) return undefined;
    this.head += 1;
    this.byteLength -= chunk.byteLength;
    if (this.head === this.chunks.length) this.reset();
    else if (this.head > 64 && this.head * 2 > this.chunks.length) {
      this.chunks = this.chunks.slice(this.head);
      this.head = 0;
    }
    return chunk;
  }

  /** All that is held. */
  takeAll(): Bytes[] {
    const chunks = this.chunks.slice(this.head);
    this.clear();
    return chunks;
  }

  clear(): void {
    this.byteLength = 0;
    this.reset();
  }

  private reset(): void {
    this.chunks = [];
    this.head = 0;
    this.gather = undefined;
    this.lone = undefined;
  }

  /** A slice that keeps more than twice its size alive is copied. */
  private compact(chunk: Bytes): Bytes {
    return chunk.buffer.byteLength > chunk.byteLength * 2 ? chunk.slice() : chunk;
  }

  private pushSmall(chunk: Bytes): void {
    if (this.chunks.length === 0) {
      // Most often it stays alone, and needs no buffer to gather in.
      this.lone = this.compact(chunk);
      this.chunks.push(this.lone);
      return;
    }
    const { lone } = this;
    if (lone !== undefined) {
      this.lone = undefined;
      this.chunks.pop();
      this.gatherSmall(lone);
    }
    this.gatherSmall(chunk);
  }

  private gatherSmall(chunk: Bytes): void {
    if (this.gather === undefined || this.gathered + chunk.byteLength > this.gather.byteLength) {
      this.gather = new Uint8Array(GATHER_BUFFER_BYTES);
      this.gathered = 0;
      this.gatherStart = 0;
      this.chunks.push(this.gather.subarray(0, 0));
    }
    this.gather.set(chunk, this.gathered);
    this.gathered += chunk.byteLength;
    // The last entry is the view over the gathering buffer; it grows, and bytes already in it are never written again.
    this.chunks[this.chunks.length - 1] = this.gather.subarray(this.gatherStart, this.gathered);
  }
}
