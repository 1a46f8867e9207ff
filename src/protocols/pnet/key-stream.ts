/**
 * One direction's XSalsa20, whatever the pieces are that it comes in. Byte path (ADR 2): whole blocks go through at once, and
 * the rest of a block that was begun is kept.
 * @source libp2p pnet specification, Cryptography of Private Networks
 */
import { xsalsa20 } from '@noble/ciphers/salsa.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';

export const NONCE_BYTES = 24;
const BLOCK_BYTES = 64;
/** The library counts blocks in 32 bits. 256 GiB each way of one connection, and a new one begins anew. */
const MAX_BLOCKS = 2 ** 32 - 1;
const ZEROS = new Uint8Array(BLOCK_BYTES);

export class KeyStream {
  /** What is left of the block that was begun. */
  private rest: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly key: Uint8Array,
    private readonly nonce: Uint8Array,
    private block = 0,
  ) {}

  /** The bytes, sealed or opened, which is the same. Throws ERR_PNET when the stream is used up. */
  apply(bytes: Uint8Array): Bytes {
    const out = new Uint8Array(bytes.byteLength);
    let at = this.applyRest(bytes, out, 0);
    const whole = Math.floor((bytes.byteLength - at) / BLOCK_BYTES) * BLOCK_BYTES;
    if (whole > 0) this.blocks(bytes.subarray(at, at + whole), out.subarray(at, at + whole));
    at += whole;
    if (at === bytes.byteLength) return out;
    const begun = new Uint8Array(BLOCK_BYTES);
    this.blocks(ZEROS, begun);
    this.rest = begun;
    this.applyRest(bytes, out, at);
    return out;
  }

  /** Where what is left of a block reaches to. */
  private applyRest(bytes: Uint8Array, out: Uint8Array, from: number): number {
    const { rest } = this;
    const count = Math.min(rest.byteLength, bytes.byteLength - from);
    for (let i = 0; i < count; i += 1) out[from + i] = (bytes[from + i] ?? 0) ^ (rest[i] ?? 0);
    this.rest = rest.subarray(count);
    return from + count;
  }

  private blocks(bytes: Uint8Array, out: Uint8Array): void {
    const count = bytes.byteLength / BLOCK_BYTES;
    if (this.block + count > MAX_BLOCKS)
      throw new Libp2pError('ERR_PNET', 'local', 'pnet: the key stream of this connection is used up');
    xsalsa20(this.key, this.nonce, bytes, out, this.block);
    this.block += count;
  }
}
