/** Small operations on byte arrays that several rooms need. */
import type { Bytes, Writable } from './duplex.js';
import { Libp2pError } from './errors.js';

export const NO_BYTES: Bytes = new Uint8Array(0);

/** The pieces of what is to be written. */
export function piecesOf(bytes: Writable): readonly Uint8Array[] {
  return bytes instanceof Uint8Array ? [bytes] : [...bytes];
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.byteLength;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** A copy over a buffer of its own. */
export function ownBytes(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Short bytes as a name to look them up by: a character for each. */
export function nameOfBytes(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Throws ERR_INVALID_OPTION for anything but pairs of hex digits. */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text))
    throw new Libp2pError('ERR_INVALID_OPTION', 'local', 'not a hex string');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.byteLength; i += 1) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** The text, or `undefined` where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
