import { utf8 } from '../core/bytes.js';
import type { RandomSource } from '../core/identity.js';
import { crypto } from '../crypto/crypto.js';

/** Bytes that look random and are the same for the same seed: SHA-256 over the seed and a counter. For simulations only. */
export function seededRandom(seed: number | string): RandomSource {
  let counter = 0;
  return (byteLength) => {
    const bytes = new Uint8Array(byteLength);
    for (let offset = 0; offset < byteLength; offset += 32) {
      bytes.set(
        crypto.sha256(utf8(`${String(seed)}/${String(counter)}`)).subarray(0, byteLength - offset),
        offset,
      );
      counter += 1;
    }
    return bytes;
  };
}
