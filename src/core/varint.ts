/**
 * Unsigned varints in the libp2p profile: LEB128, at most 9 bytes and 63 bits, and only the shortest form of a number.
 * @source multiformats/unsigned-varint
 */
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';

const MAX_BYTES = 9;
const MAX_VALUE = (1n << 63n) - 1n;

export interface Varint {
  readonly value: bigint;
  readonly bytesRead: number;
}

/** The number at `offset`, or `undefined` while it is not all there. Throws ERR_INVALID_VARINT when it is too long or not minimal. */
export function decodeVarint(bytes: Uint8Array, offset = 0): Varint | undefined {
  let value = 0n;
  for (let read = 0; offset + read < bytes.byteLength; read += 1) {
    const byte = bytes[offset + read] ?? 0;
    if (read === MAX_BYTES - 1 && byte >= 0x80)
      throw bad(`a varint of more than ${String(MAX_BYTES)} bytes`, offset);
    value |= BigInt(byte & 0x7f) << BigInt(7 * read);
    if (byte >= 0x80) continue;
    if (byte === 0 && read > 0) throw bad('a varint that is not in its shortest form', offset);
    return { value, bytesRead: read + 1 };
  }
  return undefined;
}

/** The same for lengths and codes, which are small: anything beyond 2^53 - 1 is too long for whatever it counts. */
export function decodeSmallVarint(
  bytes: Uint8Array,
  offset = 0,
): { readonly value: number; readonly bytesRead: number } | undefined {
  const first = bytes[offset];
  if (first !== undefined && first < 0x80) return { value: first, bytesRead: 1 };
  const decoded = decodeVarint(bytes, offset);
  if (decoded === undefined) return undefined;
  if (decoded.value > BigInt(Number.MAX_SAFE_INTEGER))
    throw bad(`the number ${String(decoded.value)}, too large to count anything`, offset);
  return { value: Number(decoded.value), bytesRead: decoded.bytesRead };
}

/** The shortest form. Throws ERR_INVALID_VARINT for what is not a whole number of 0 to 2^63 - 1. */
export function encodeVarint(value: number | bigint): Bytes {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw ours(value);
  let rest = BigInt(value);
  if (rest < 0n || rest > MAX_VALUE) throw ours(value);
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function bad(what: string, offset: number): Libp2pError {
  return new Libp2pError('ERR_INVALID_VARINT', 'remote', `${what}, at offset ${String(offset)}`);
}

function ours(value: number | bigint): Libp2pError {
  return new Libp2pError('ERR_INVALID_VARINT', 'local', `${String(value)} cannot be written as a varint`);
}
