/**
 * Transport messages: `u16be(length) || ciphertext || tag`, one counter a direction. Byte path (ADR 2; measured by
 * `bench/`): a small write is one buffer, a large one a scatter list; on receive nothing is joined, and nothing leaves
 * before its tag was verified.
 * @source libp2p noise specification, Wire Format; Noise Protocol Framework, 5.1
 */
import { Uint8ArrayList } from 'uint8arraylist';
import { ByteQueue } from '../../core/byte-queue.js';
import { concatBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes, Writable } from '../../core/duplex.js';
import { LimitError, Libp2pError } from '../../core/errors.js';
import type { Aead } from '../../crypto/contract.js';
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

  /** As many messages as it takes, ready to be written as one. */
  seal(bytes: Writable): Writable {
    const pieces = bytes instanceof Uint8Array ? [bytes] : [...bytes];
    if (bytes.byteLength <= GATHER_BELOW_BYTES) return this.gathered(pieces);
    const out = new Uint8ArrayList();
    let message: Uint8Array[] = [];
    let room = EMIT_BYTES;
    for (let piece of pieces) {
      while (piece.byteLength > room) {
        message.push(piece.subarray(0, room));
        piece = piece.subarray(room);
        this.append(out, message, EMIT_BYTES);
        message = [];
        room = EMIT_BYTES;
      }
      if (piece.byteLength === 0) continue;
      message.push(piece);
      room -= piece.byteLength;
    }
    if (message.length > 0) this.append(out, message, EMIT_BYTES - room);
    return out;
  }

  private gathered(pieces: readonly Uint8Array[]): Bytes {
    const [first] = pieces;
    const plaintext = pieces.length === 1 && first !== undefined ? first : concatBytes(...pieces);
    const length = plaintext.byteLength + TAG_BYTES;
    const message = new Uint8Array(LENGTH_BYTES + length);
    message[0] = length >>> 8;
    message[1] = length;
    this.aead.sealInto(this.nonce.bytes, plaintext, message.subarray(LENGTH_BYTES));
    this.nonce.advance();
    return message;
  }

  private append(out: Uint8ArrayList, message: readonly Uint8Array[], byteLength: number): void {
    out.append(lengthOf(byteLength + TAG_BYTES));
    for (const piece of this.next(message)) out.append(piece);
  }

  private next(plaintext: readonly Uint8Array[]): Bytes[] {
    const sealed = this.aead.seal(this.nonce.bytes, NO_BYTES, plaintext);
    this.nonce.advance();
    return sealed;
  }
}

export class Opener {
  private readonly held = new ByteQueue();
  private emptyInARow = 0;

  constructor(
    private readonly aead: Aead,
    private readonly nonce = new Nonce(),
  ) {}

  /** Whether a message has begun and is not all there. */
  get midway(): boolean {
    return this.held.byteLength > 0;
  }

  /** Hands every verified piece to `emit`. Throws ERR_NOISE_FRAME, or a `LimitError`; nothing after that is opened. */
  open(chunk: Bytes, emit: (plaintext: Bytes) => void): void {
    const rest = this.held.byteLength > 0 ? this.openHeld(chunk, emit) : chunk;
    let offset = 0;
    for (;;) {
      const end = messageEnd(rest, offset);
      if (end === undefined || end > rest.byteLength) break;
      this.openWhole(rest.subarray(offset + LENGTH_BYTES, end), emit);
      offset = end;
    }
    if (offset < rest.byteLength) this.held.push(rest.subarray(offset));
  }

  /** Completes the message that began in an earlier chunk; returns what is left of this one. */
  private openHeld(chunk: Bytes, emit: (plaintext: Bytes) => void): Bytes {
    let rest = chunk;
    while (this.held.byteLength < LENGTH_BYTES && rest.byteLength > 0) {
      this.held.push(rest.subarray(0, 1));
      rest = rest.subarray(1);
    }
    if (this.held.byteLength < LENGTH_BYTES) return rest;
    const head = this.peekLength();
    const missing = head - this.held.byteLength;
    this.held.push(rest.subarray(0, missing));
    rest = rest.subarray(Math.min(missing, rest.byteLength));
    if (this.held.byteLength < head) return rest;
    this.held.take(LENGTH_BYTES);
    const ciphertext = this.held.take(head - LENGTH_BYTES - TAG_BYTES);
    this.openOne(ciphertext, concatBytes(...this.held.take(TAG_BYTES)), emit);
    return rest;
  }

  private peekLength(): number {
    const head = concatBytes(...this.held.take(LENGTH_BYTES));
    this.held.unshift(head);
    return messageEnd(head, 0) ?? 0;
  }

  private openWhole(sealed: Bytes, emit: (plaintext: Bytes) => void): void {
    const plaintext = this.aead.openWhole(this.nonce.bytes, sealed);
    if (plaintext === undefined) throw forged();
    this.opened(plaintext.byteLength === 0);
    if (plaintext.byteLength > 0) emit(plaintext);
  }

  private openOne(
    ciphertext: readonly Uint8Array[],
    tag: Uint8Array,
    emit: (plaintext: Bytes) => void,
  ): void {
    const plaintext = this.aead.open(this.nonce.bytes, NO_BYTES, ciphertext, tag);
    if (plaintext === undefined) throw forged();
    this.opened(plaintext.every(({ byteLength }) => byteLength === 0));
    for (const piece of plaintext) if (piece.byteLength > 0) emit(piece);
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

/** Where the message that starts at `offset` ends; `undefined` while its length is not there. */
function messageEnd(bytes: Uint8Array, offset: number): number | undefined {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  if (high === undefined || low === undefined) return undefined;
  const length = high * 256 + low;
  if (length < TAG_BYTES)
    throw new Libp2pError(
      'ERR_NOISE_FRAME',
      'remote',
      `noise: a message of ${String(length)} bytes, shorter than its tag`,
    );
  return offset + LENGTH_BYTES + length;
}
