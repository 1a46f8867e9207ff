/**
 * RSASSA-PKCS1-v1_5 with SHA-256, verification only, in big integers: for platforms without `node:crypto`. All inputs
 * are public, so its timing tells nothing. @source RFC 8017, 8.2.2 and 9.2
 */
import type { RsaPublicNumbers } from './contract.js';

/** DER of DigestInfo { sha256, NULL } up to the digest. @source RFC 8017, 9.2, note 1 */
const SHA256_PREFIX = '3031300d060960864801650304020105000420';

export function rsaVerify(
  { modulus, exponent }: RsaPublicNumbers,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const n = integer(modulus);
  const byteLength = modulus[0] === 0 ? modulus.byteLength - 1 : modulus.byteLength;
  const s = integer(signature);
  if (signature.byteLength !== byteLength || s >= n) return false;
  const encoded = modPow(s, integer(exponent), n)
    .toString(16)
    .padStart(2 * byteLength, '0');
  const tail = `00${SHA256_PREFIX}${hex(digest)}`;
  const padding = 'ff'.repeat(byteLength - 2 - tail.length / 2);
  return encoded === `0001${padding}${tail}`;
}

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x0${hex(bytes)}`);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
