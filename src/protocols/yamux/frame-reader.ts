/**
 * Cuts what arrives into frames: headers whole, bodies as the slices in which they come. Byte path (ADR 2; measured by
 * `bench/`): it holds at most one header.
 */
import type { Bytes } from '../../core/duplex.js';
import { decodeHeader, HEADER_BYTES, TYPE, type Header } from './frame.js';

export interface FrameHandler {
  /** Whether no more frames are wanted. */
  readonly isOver: boolean;
  /** A header came; a data frame's body follows. Throws to end the connection. */
  onHeader(header: Header): void;
}
export interface BodyHandler {
  /** A slice of the body of the last data frame. */
  onBody(bytes: Bytes): void;
  /** The last data frame is complete. */
  onDataEnd(): void;
}

export class FrameReader {
  /** Made for a header that comes in pieces. */
  private partial: Uint8Array | undefined;
  private filled = 0;
  private bodyLeft = 0;

  constructor(
    private readonly handler: FrameHandler,
    private readonly bodies: BodyHandler,
  ) {}

  /** Whether a frame has begun and is not all there. */
  get midway(): boolean {
    return this.filled > 0 || this.bodyLeft > 0;
  }

  push(chunk: Bytes): void {
    let offset = 0;
    while (offset < chunk.byteLength && !this.handler.isOver) {
      offset = this.bodyLeft > 0 ? this.readBody(chunk, offset) : this.readHeader(chunk, offset);
    }
  }

  private readHeader(chunk: Bytes, offset: number): number {
    if (this.filled === 0 && chunk.byteLength - offset >= HEADER_BYTES) {
      this.take(decodeHeader(chunk, offset));
      return offset + HEADER_BYTES;
    }
    const end = Math.min(chunk.byteLength, offset + HEADER_BYTES - this.filled);
    const partial = (this.partial ??= new Uint8Array(HEADER_BYTES));
    partial.set(chunk.subarray(offset, end), this.filled);
    this.filled += end - offset;
    if (this.filled === HEADER_BYTES) {
      this.filled = 0;
      this.partial = undefined;
      this.take(decodeHeader(partial));
    }
    return end;
  }

  private take(header: Header | undefined): void {
    if (header === undefined) return;
    this.handler.onHeader(header);
    if (header.type !== TYPE.data) return;
    this.bodyLeft = header.length;
    if (header.length === 0) this.bodies.onDataEnd();
  }

  private readBody(chunk: Bytes, offset: number): number {
    const end = Math.min(chunk.byteLength, offset + this.bodyLeft);
    this.bodyLeft -= end - offset;
    this.bodies.onBody(chunk.subarray(offset, end));
    if (this.bodyLeft === 0) this.bodies.onDataEnd();
    return end;
  }
}
