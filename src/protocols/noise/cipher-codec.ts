/**
 * Transport messages: `u16be(length) || ciphertext || tag`, one counter a direction. Byte path (ADR 2; measured by
 * `bench/`): a small write is one buffer, a large one a scatter list; on receive nothing is joined, and nothing leaves
 * before its tag was verified.
 * @source libp2p noise specification, Wire Format; Noise Protocol Framework, 5.1
 */
import { concatBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { LimitError, Libp2pError } from '../../core/errors.js';
import type { Aead, Opening } from '../../crypto/contract.js';
import { TAG_BYTES } from './symmetric-state.js';

const LENGTH_BYTES = 2;
/** What we put into one: smaller buffers cost fewer page faults, measured. */
const EMIT_BYTES = 48 * 1024;
/** Below this a message is gathered into one buffer. */
const GATHER_BELOW_BYTES = 2048;
/** Messages without plaintext in a row: no implementation sends any, and each costs as much as one that says something. @source reliability checklist, N22 */
const MAX_EMPTY_IN_A_ROW = 1024;
/** 2^64 - 2 is the last nonce; the high word alone says when it is near. */
const MAX_HIGH_WORD = 0xffffffff;

/** 4 zero bytes, then the counter, little-endian, as two words: a number would lose bits, a bigint time. */
export class Nonce {
  constructor(
    private low = 0,
    private high = 0,
  ) {}

  /** In one buffer for all: use it before anybody asks again. */
  get bytes(): Uint8Array {
    SCRATCH.setUint32(4, this.low, true);
    SCRATCH.setUint32(8, this.high, true);
    return SCRATCH_BYTES;
  }

  /** The next one; throws rather than wrap. */
  advance(): void {
    if (this.high === MAX_HIGH_WORD && this.low >= 0xfffffffe)
      throw new Libp2pError('ERR_NOISE_FRAME', 'local', 'noise: the nonces of this connection are used up');
    this.low += 1;
    if (this.low > 0xffffffff) {
      this.low = 0;
      this.high += 1;
    }
  }
}
const SCRATCH_BYTES = new Uint8Array(12);
const SCRATCH = new DataView(SCRATCH_BYTES.buffer);

export class Sealer {
  constructor(
    private readonly aead: Aead,
    private readonly nonce = new Nonce(),
  ) {}

  /** As many messages as it takes, to be written together; none for no bytes. */
  seal(pieces: readonly Uint8Array[]): Uint8Array[] {
    let byteLength = 0;
    for (const piece of pieces) byteLength += piece.byteLength;
    const out: Uint8Array[] = [];
    if (byteLength > EMIT_BYTES) for (const message of cut(pieces)) this.append(out, message);
    else if (byteLength > GATHER_BELOW_BYTES) this.append(out, pieces);
    else if (byteLength > 0) out.push(this.gathered(pieces, byteLength));
    return out;
  }

  private gathered(pieces: readonly Uint8Array[], byteLength: number): Bytes {
    const [first] = pieces;
    const plaintext = pieces.length === 1 && first !== undefined ? first : concatBytes(...pieces);
    const length = byteLength + TAG_BYTES;
    const message = new Uint8Array(LENGTH_BYTES + length);
    message[0] = length >>> 8;
    message[1] = length;
    this.aead.sealInto(this.nonce.bytes, plaintext, message.subarray(LENGTH_BYTES));
    this.nonce.advance();
    return message;
  }

  private append(out: Uint8Array[], plaintext: readonly Uint8Array[]): void {
    const sealed = this.aead.seal(this.nonce.bytes, NO_BYTES, plaintext);
    this.nonce.advance();
    let byteLength = 0;
    for (const piece of sealed) byteLength += piece.byteLength;
    out.push(lengthOf(byteLength));
    for (const piece of sealed) out.push(piece);
  }
}

/** Into messages of `EMIT_BYTES`, and what is left. */
function cut(pieces: readonly Uint8Array[]): Uint8Array[][] {
  const messages: Uint8Array[][] = [];
  let message: Uint8Array[] = [];
  let room = EMIT_BYTES;
  for (let piece of pieces) {
    while (piece.byteLength >= room) {
      messages.push([...message, piece.subarray(0, room)]);
      piece = piece.subarray(room);
      message = [];
      room = EMIT_BYTES;
    }
    if (piece.byteLength === 0) continue;
    message.push(piece);
    room -= piece.byteLength;
  }
  if (message.length > 0) messages.push(message);
  return messages;
}

export class Opener {
  /** The first byte of a length whose second is to come. */
  private high: number | undefined;
  /** A message that comes in pieces, and how many bytes of it are to come. */
  private opening: Opening | undefined;
  private left = 0;
  /** Made for a tag that comes in pieces. */
  private tag: Uint8Array | undefined;
  private emptyInARow = 0;

  constructor(
    private readonly aead: Aead,
    private readonly nonce = new Nonce(),
  ) {}

  /** Whether a message has begun and is not all there. */
  get midway(): boolean {
    return this.high !== undefined || this.opening !== undefined;
  }

  /**
   * Hands every verified piece to `emit`, and keeps nothing of `chunk`. Throws ERR_NOISE_FRAME, or a `LimitError`; nothing
   * after that is opened.
   */
  open(chunk: Bytes, emit: (plaintext: Bytes) => void): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      offset =
        this.opening === undefined
          ? this.begin(chunk, offset, emit)
          : this.goOn(this.opening, chunk, offset, emit);
    }
  }

  /** A message that is all there is opened at once. Returns where to go on. */
  private begin(chunk: Bytes, offset: number, emit: (plaintext: Bytes) => void): number {
    const first = chunk[offset] ?? 0;
    if (this.high === undefined && offset + 1 === chunk.byteLength) {
      this.high = first;
      return offset + 1;
    }
    const body = this.high === undefined ? offset + LENGTH_BYTES : offset + 1;
    const length = (this.high ?? first) * 256 + (chunk[body - 1] ?? 0);
    this.high = undefined;
    if (length < TAG_BYTES) throw tooShort(length);
    const end = body + length;
    if (end <= chunk.byteLength) {
      this.openWhole(chunk.subarray(body, end), emit);
      return end;
    }
    this.opening = this.aead.opening(this.nonce.bytes);
    this.left = length;
    return body;
  }

  private goOn(opening: Opening, chunk: Bytes, offset: number, emit: (plaintext: Bytes) => void): number {
    const isTag = this.left <= TAG_BYTES;
    const end = Math.min(chunk.byteLength, offset + this.left - (isTag ? 0 : TAG_BYTES));
    const piece = chunk.subarray(offset, end);
    if (!isTag) opening.push(piece);
    else {
      this.tag ??= new Uint8Array(TAG_BYTES);
      this.tag.set(piece, TAG_BYTES - this.left);
    }
    this.left -= piece.byteLength;
    if (this.left === 0) this.finish(opening, emit);
    return end;
  }

  private finish(opening: Opening, emit: (plaintext: Bytes) => void): void {
    const plaintext = opening.finish(this.tag ?? NO_BYTES);
    this.opening = undefined;
    this.tag = undefined;
    if (plaintext === undefined) throw forged();
    this.opened(plaintext.length === 0);
    for (const piece of plaintext) emit(piece);
  }

  private openWhole(sealed: Bytes, emit: (plaintext: Bytes) => void): void {
    const plaintext = this.aead.openWhole(this.nonce.bytes, sealed);
    if (plaintext === undefined) throw forged();
    this.opened(plaintext.byteLength === 0);
    if (plaintext.byteLength > 0) emit(plaintext);
  }

  /** One message was what it should be. */
  private opened(isEmpty: boolean): void {
    this.nonce.advance();
    this.emptyInARow = isEmpty ? this.emptyInARow + 1 : 0;
    if (this.emptyInARow > MAX_EMPTY_IN_A_ROW)
      throw new LimitError('noise', 'empty messages in a row', MAX_EMPTY_IN_A_ROW);
  }
}

function forged(): Libp2pError {
  return new Libp2pError('ERR_NOISE_FRAME', 'remote', 'noise: a message that does not decrypt');
}

export function lengthOf(byteLength: number): Bytes {
  return Uint8Array.of(byteLength >>> 8, byteLength);
}

function tooShort(length: number): Libp2pError {
  const what = `noise: a message of ${String(length)} bytes, shorter than its tag`;
  return new Libp2pError('ERR_NOISE_FRAME', 'remote', what);
}
