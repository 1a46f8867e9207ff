/**
 * multistream-select frames: `uvarint(n) || text || '\n'`, where n counts text and newline. Byte path (ADR 2): one small
 * reader with fields, fed chunk by chunk, holding at most one frame.
 * @source multistream-select specification, 1.0
 */
import { concatBytes, equalBytes, fromUtf8, NO_BYTES, utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError, quote } from '../../core/errors.js';
import { encodeVarint } from '../../core/varint.js';

export const HEADER = '/multistream/1.0.0';
export const REFUSAL = 'na';
/** A text with its newline. @source go-multistream and js multistream-select */
const MAX_TEXT_BYTES = 1024;
const NEWLINE = 0x0a;

export function encodeToken(text: string): Bytes {
  const body = utf8(`${text}\n`);
  return concatBytes(encodeVarint(body.byteLength), body);
}

export const HEADER_FRAME = encodeToken(HEADER);
export const REFUSAL_FRAME = encodeToken(REFUSAL);

/** Reads tokens from chunks. After an error it is not to be used again. */
export class TokenReader {
  private held: Bytes = NO_BYTES;

  /** `first`, where given, is the frame that must come first: what cannot become it is refused without waiting for its end. */
  constructor(private first?: Bytes) {}

  push(bytes: Bytes): void {
    this.held = this.held.byteLength === 0 ? bytes : concatBytes(this.held, bytes);
  }

  /** The next text without its newline, or `undefined` while it is not all there. Throws ERR_MULTISTREAM. */
  next(): string | undefined {
    const length = this.length();
    const end = length === undefined ? Infinity : length.bytes + length.value;
    if (length === undefined || this.held.byteLength < end) {
      this.checkBeginning();
      return undefined;
    }
    const body = this.held.subarray(length.bytes, end);
    this.held = this.held.subarray(end);
    this.first = undefined;
    if (body[body.byteLength - 1] !== NEWLINE) throw multistreamError('a token without its newline');
    const text = fromUtf8(body.subarray(0, -1));
    if (text === undefined) throw multistreamError('a token that is not UTF-8');
    if (text === '' || /[\n\0]/.test(text))
      throw multistreamError('a token that is empty or has a newline or NUL inside');
    return text;
  }

  /** What lies behind the tokens read so far: it belongs to the next protocol. */
  rest(): Bytes | undefined {
    return this.held.byteLength === 0 ? undefined : this.held;
  }

  /** A port that speaks something else may never send as much as its first byte says when it is read as a length. */
  private checkBeginning(): void {
    const { first, held } = this;
    if (first === undefined || equalBytes(held, first.subarray(0, held.byteLength))) return;
    throw multistreamError(`${quote(String.fromCharCode(...held))} in place of ${HEADER}`);
  }

  /** One or two length bytes, judged as they come, so that no announced body is ever waited for in vain. */
  private length(): { readonly value: number; readonly bytes: number } | undefined {
    const [first, second] = this.held;
    if (first === undefined) return undefined;
    if (first < 0x80) return checkLength(first, 1);
    if (second === undefined) return undefined;
    if (second >= 0x80) throw multistreamError('a length of more than two bytes');
    if (second === 0) throw multistreamError('a length that is not in its shortest form');
    return checkLength((first & 0x7f) + second * 128, 2);
  }
}

function checkLength(value: number, bytes: number): { readonly value: number; readonly bytes: number } {
  if (value === 0) throw multistreamError('a token of no length');
  if (value > MAX_TEXT_BYTES)
    throw multistreamError(`a token of ${String(value)} bytes; ${String(MAX_TEXT_BYTES)} are allowed`);
  return { value, bytes };
}

export function multistreamError(found: string): Libp2pError {
  return new Libp2pError('ERR_MULTISTREAM', 'remote', `multistream: the remote sent ${found}`);
}
