/**
 * What one turn sends: headers and small bodies gathered in one buffer, large bodies by reference, so that everything of
 * a tick leaves as one write. Byte path (ADR 2; measured by `bench/`).
 */
import { encodeHeader, HEADER_BYTES } from './frame.js';

/** Bodies up to this are copied beside their header: cheaper than one more piece to seal and to write. */
const COPY_BELOW_BYTES = 1024;
const SLAB_BYTES = 64 * 1024;

/** A bump allocator shared by all sessions of a host; what it handed out is never written again. */
export class Slab {
  private bytes = new Uint8Array(0);
  private used = 0;

  /** A place for `byteLength` contiguous bytes, behind the last one where it fits. */
  reserve(byteLength: number): { readonly bytes: Uint8Array; readonly offset: number } {
    if (this.used + byteLength > this.bytes.byteLength) {
      this.bytes = new Uint8Array(Math.max(SLAB_BYTES, byteLength));
      this.used = 0;
    }
    const offset = this.used;
    this.used += byteLength;
    return { bytes: this.bytes, offset };
  }
}

export class Batch {
  private pieces: Uint8Array[] = [];
  private segment: Uint8Array | undefined;
  private start = 0;
  private end = 0;
  byteLength = 0;

  constructor(private readonly slab: Slab) {}

  header(type: number, flags: number, streamId: number, length: number): void {
    const at = this.gather(HEADER_BYTES);
    encodeHeader(at.bytes, at.offset, { type, flags, streamId, length });
  }

  body(bytes: Uint8Array): void {
    if (bytes.byteLength <= COPY_BELOW_BYTES) {
      const at = this.gather(bytes.byteLength);
      at.bytes.set(bytes, at.offset);
      return;
    }
    this.seal();
    this.pieces.push(bytes);
    this.byteLength += bytes.byteLength;
  }

  /** All of it, to be written as one. */
  take(): readonly Uint8Array[] {
    this.seal();
    return this.pieces;
  }

  private gather(byteLength: number): { readonly bytes: Uint8Array; readonly offset: number } {
    const at = this.slab.reserve(byteLength);
    if (this.segment !== at.bytes || this.end !== at.offset) {
      this.seal();
      this.segment = at.bytes;
      this.start = at.offset;
    }
    this.end = at.offset + byteLength;
    this.byteLength += byteLength;
    return at;
  }

  private seal(): void {
    if (this.segment === undefined) return;
    this.pieces.push(this.segment.subarray(this.start, this.end));
    this.segment = undefined;
  }
}
