/** Whether the numbers of an RSA private key are one key's: signing with others gives signatures that verify nowhere. @source RFC 8017, 3.2 */
import { toHex } from './bytes.js';

/** In the order of PKCS#1: modulus, public exponent, private exponent, two primes, their exponents, the coefficient. */
export function areOneKey(numbers: readonly Uint8Array[]): boolean {
  const integers = numbers.map((bytes) => BigInt(`0x0${toHex(bytes)}`));
  const number = (at: number): bigint => integers[at] ?? 0n;
  const [e, d, p, q] = [number(1), number(2), number(3), number(4)];
  if (p < 3n || q < 3n || p * q !== number(0)) return false;
  const inverses: readonly (readonly [number: bigint, inverse: bigint, modulus: bigint])[] = [
    [e, d, p - 1n],
    [e, d, q - 1n],
    [e, number(5), p - 1n],
    [e, number(6), q - 1n],
    [q, number(7), p],
  ];
  return inverses.every(([factor, inverse, modulus]) => (factor * inverse) % modulus === 1n);
}
