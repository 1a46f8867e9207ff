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

/** Encoded once: what a host proposes and accepts is little, and it is said with every stream. */
const MAX_ENCODED = 64;
const encoded = new Map<string, Words>();

/** A protocol as a token, and as what opens a negotiation: behind the header. They are not to be changed. */
interface Words {
  readonly protocol: string;
  readonly proposal: Bytes;
  readonly token: Bytes;
}

export function wordsFor(protocol: string): Words {
  const known = encoded.get(protocol);
  if (known !== undefined) return known;
  // Those that are used come back; a remote may choose among those that a matcher accepts.
  if (encoded.size >= MAX_ENCODED) encoded.clear();
  const token = encodeToken(protocol);
  const words = { protocol, proposal: concatBytes(HEADER_FRAME, token), token };
  encoded.set(protocol, words);
  return words;
}

/** The words with which `bytes` begin, where they are some of those that are encoded: nothing needs to be decoded then. */
export function knownProposal(bytes: Uint8Array): Words | undefined {
  if (!startsWith(bytes, HEADER_FRAME)) return undefined;
  for (const words of encoded.values())
    if (startsWith(bytes, words.token, HEADER_FRAME.byteLength)) return words;
  return undefined;
}

/** What follows `prefix`, with which `bytes` begin. */
export function behind(bytes: Bytes, { byteLength }: Uint8Array): Bytes | undefined {
  return bytes.byteLength === byteLength ? undefined : bytes.subarray(byteLength);
}

/** Whether `bytes` begin with all of `prefix`. */
export function startsWith(bytes: Uint8Array, prefix: Uint8Array, at = 0): boolean {
  if (bytes.byteLength - at < prefix.byteLength) return false;
  for (let index = 0; index < prefix.byteLength; index += 1)
    if (bytes[at + index] !== prefix[index]) return false;
  return true;
}

/** Reads tokens from chunks. After an error it is not to be used again. */
export class TokenReader {
  private held: Bytes = NO_BYTES;
  /** What of `held` has been read. */
  private at = 0;

  /** `first`, where given, is the frame that must come first: what cannot become it is refused without waiting for its end. */
  constructor(private first?: Bytes) {}

  push(bytes: Bytes): void {
    this.held = this.at === this.held.byteLength ? bytes : concatBytes(this.held.subarray(this.at), bytes);
    this.at = 0;
  }

  /** The next text without its newline, or `undefined` while it is not all there. Throws ERR_MULTISTREAM. */
  next(): string | undefined {
    if (this.first === HEADER_FRAME && startsWith(this.held, HEADER_FRAME, this.at)) {
      this.at += HEADER_FRAME.byteLength;
      this.first = undefined;
      return HEADER;
    }
    const length = this.length();
    const end = length === undefined ? Infinity : this.at + length.bytes + length.value;
    if (length === undefined || this.held.byteLength < end) {
      this.checkBeginning();
      return undefined;
    }
    if (this.held[end - 1] !== NEWLINE) throw multistreamError('a token without its newline');
    const text = fromUtf8(this.held.subarray(this.at + length.bytes, end - 1));
    this.at = end;
    this.first = undefined;
    if (text === undefined) throw multistreamError('a token that is not UTF-8');
    if (text === '' || /[\n\0]/.test(text))
      throw multistreamError('a token that is empty or has a newline or NUL inside');
    return text;
  }

  /** What lies behind the tokens read so far: it belongs to the next protocol. */
  rest(): Bytes | undefined {
    return this.at === this.held.byteLength ? undefined : this.held.subarray(this.at);
  }

  /** A port that speaks something else may never send as much as its first byte says when it is read as a length. */
  private checkBeginning(): void {
    const { first } = this;
    const held = this.held.subarray(this.at);
    if (first === undefined || equalBytes(held, first.subarray(0, held.byteLength))) return;
    throw multistreamError(`${quote(String.fromCharCode(...held))} in place of ${HEADER}`);
  }

  /** One or two length bytes, judged as they come, so that no announced body is ever waited for in vain. */
  private length(): { readonly value: number; readonly bytes: number } | undefined {
    const first = this.held[this.at];
    const second = this.held[this.at + 1];
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
