/** The little DER that keys and signatures need: definite, minimal lengths and nothing left over. @source ITU-T X.690, 10 */
import { concatBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context1: 0xa1,
  context2: 0xa2,
  context3: 0xa3,
} as const;

/** Walks over the elements of one level. Every deviation is ERR_INVALID_KEY, naming `what` and the offset. */
export class DerReader {
  private offset = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {}

  get done(): boolean {
    return this.offset === this.bytes.byteLength;
  }

  /** The next element's tag, if there is one. */
  peek(): number | undefined {
    return this.bytes[this.offset];
  }

  /** The contents of the next element, which must have this tag. */
  take(tag: number): Uint8Array {
    const found = this.bytes[this.offset];
    if (found !== tag) throw this.bad(`tag ${String(found)} where ${String(tag)} belongs`);
    const { byteLength, start } = this.length(this.offset + 1);
    const end = start + byteLength;
    if (end > this.bytes.byteLength) throw this.bad('an element that is cut off');
    this.offset = end;
    return this.bytes.subarray(start, end);
  }

  /** The next element, its tag and length with it. */
  element(tag: number): Uint8Array {
    const start = this.offset;
    this.take(tag);
    return this.bytes.subarray(start, this.offset);
  }

  nested(tag: number): DerReader {
    return new DerReader(this.take(tag), this.what);
  }

  /** A non-negative integer's bytes, without the sign byte. */
  unsigned(): Bytes {
    const bytes = this.take(TAG.integer);
    const [first = 0x80, second = 0x80] = bytes;
    if (first >= 0x80) throw this.bad('a negative or empty integer');
    if (first === 0 && bytes.byteLength > 1 && second < 0x80) throw this.bad('an integer with excess zeros');
    return new Uint8Array(first === 0 && bytes.byteLength > 1 ? bytes.subarray(1) : bytes);
  }

  /** A bit string of whole bytes. */
  bits(): Uint8Array {
    const bytes = this.take(TAG.bitString);
    if (bytes[0] !== 0) throw this.bad('a bit string of broken bytes');
    return bytes.subarray(1);
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.done) throw this.bad('data behind the end');
  }

  private length(at: number): { readonly byteLength: number; readonly start: number } {
    const first = this.bytes[at];
    if (first === undefined) throw this.bad('an element that is cut off');
    if (first < 0x80) return { byteLength: first, start: at + 1 };
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw this.bad('an indefinite or enormous length');
    let byteLength = 0;
    for (let i = 1; i <= count; i += 1) byteLength = byteLength * 256 + (this.bytes[at + i] ?? 0);
    if (byteLength < 0x80 || byteLength < 256 ** (count - 1))
      throw this.bad('a length that is not in its shortest form');
    return { byteLength, start: at + 1 + count };
  }

  private bad(found: string): Libp2pError {
    return new Libp2pError(
      'ERR_INVALID_KEY',
      'remote',
      `${this.what}: ${found}, at offset ${String(this.offset)}`,
    );
  }
}

export function derElement(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const body = concatBytes(...contents);
  const lengths: number[] = [];
  for (let rest = body.byteLength; rest > 0; rest = Math.floor(rest / 256)) lengths.unshift(rest % 256);
  const length = body.byteLength < 0x80 ? [body.byteLength] : [0x80 | lengths.length, ...lengths];
  return concatBytes(Uint8Array.of(tag, ...length), body);
}

/** A non-negative integer from its big-endian bytes. */
export function derUnsigned(bytes: Uint8Array): Bytes {
  let start = 0;
  while (start < bytes.byteLength - 1 && bytes[start] === 0) start += 1;
  const trimmed = bytes.subarray(start);
  return derElement(
    TAG.integer,
    (trimmed[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), trimmed) : trimmed,
  );
}
