import type { Bytes } from './contract.js';

/** What one call to the platform may ask for. @source Web Cryptography, getRandomValues */
const MAX_BYTES_PER_CALL = 65_536;

/** Unpredictable bytes from the platform; throws where it has no source of them, rather than make some up. */
export function platformRandom(byteLength: number): Bytes {
  const bytes = new Uint8Array(byteLength);
  for (let offset = 0; offset < byteLength; offset += MAX_BYTES_PER_CALL) {
    globalThis.crypto.getRandomValues(bytes.subarray(offset, offset + MAX_BYTES_PER_CALL));
  }
  return bytes;
}
