/** Data frames as they are written: one binary message each, not in fragments. What comes is read by `ws`. @source RFC 6455, 5.2, 5.3 */
import type { Bytes } from '../../core/duplex.js';
import type { RandomSource } from '../../core/identity.js';

/** The last fragment of a message, and its first; binary. */
const FIN_BINARY = 0x82;
const MASKED = 0x80;
/** Lengths up to here stand in the second byte itself. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;
const MASK_BYTES = 4;
/** Of chance, at once: a call to the platform costs more than what it gives. */
const POOL_BYTES = 1024;

/** What stands before `byteLength` bytes; a mask would follow. */
export function frameHeader(byteLength: number, masked: number): Bytes {
  if (byteLength <= MAX_SHORT) return Uint8Array.of(FIN_BINARY, masked | byteLength);
  const long = byteLength > MAX_MEDIUM;
  const header = new Uint8Array(long ? 10 : 4);
  header[0] = FIN_BINARY;
  header[1] = masked | (long ? 127 : 126);
  const view = new DataView(header.buffer);
  if (long) view.setBigUint64(2, BigInt(byteLength));
  else view.setUint16(2, byteLength);
  return header;
}

/** A server's: the header, and the pieces as they are. */
export function plainFrame(pieces: readonly Uint8Array[], byteLength: number): readonly Uint8Array[] {
  return [frameHeader(byteLength, 0), ...pieces];
}

/** Makes a client's frames: masked, each with bytes that nobody can foresee. */
export class Masker {
  private pool: Uint8Array = new Uint8Array(0);
  private used = 0;

  constructor(private readonly random: RandomSource) {}

  /** One piece: header, mask and what is masked. */
  frame(pieces: readonly Uint8Array[], byteLength: number): Bytes {
    const header = frameHeader(byteLength, MASKED);
    const before = header.byteLength + MASK_BYTES;
    // The bytes begin where four of them are one number.
    const pad = -before & 3;
    const whole = new Uint8Array(pad + before + ((byteLength + 3) & ~3));
    whole.set(header, pad);
    const mask = this.next();
    whole.set(mask, pad + header.byteLength);
    let at = pad + before;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.byteLength;
    }
    const words = new Uint32Array(whole.buffer, pad + before);
    const [word = 0] = new Uint32Array(mask.slice().buffer);
    for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) ^ word;
    return whole.subarray(pad, at);
  }

  private next(): Uint8Array {
    if (this.used + MASK_BYTES > this.pool.byteLength) {
      this.pool = this.random(POOL_BYTES);
      this.used = 0;
    }
    this.used += MASK_BYTES;
    return this.pool.subarray(this.used - MASK_BYTES, this.used);
  }
}
