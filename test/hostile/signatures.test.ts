/** Reliability sheet, 5.9, K5: Wycheproof's cases, by both makers of primitives. */
import { platformNodeCrypto } from '../../src/crypto/crypto.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { toHex } from '../../src/core/bytes.js';
import { encodeKey } from '../../src/core/key-message.js';
import { publicKeyFrom } from '../../src/core/keys.js';
import type { KeyType } from '../../src/core/identity.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

type SignatureCase = [tcId: number, result: string, flags: string, message: string, signature: string];
interface SignatureFile {
  groups: { publicKey: string; tests: SignatureCase[] }[];
}
type AgreementCase = [
  tcId: number,
  result: string,
  flags: string,
  publicKey: string,
  privateKey: string,
  shared: string,
];

const node = platformNodeCrypto();
if (node === undefined) throw new Error('the tests run where node:crypto is');
const makers = [nodeCrypto(node), nobleCrypto()];

/** 04 x y as 02 or 03 x. */
function compressed(point: string): string {
  const width = (point.length - 2) / 2;
  const odd = Number.parseInt(point.slice(-1), 16) % 2 === 1;
  return (odd ? '03' : '02') + point.slice(2, 2 + width);
}
const FILES: [name: string, type: KeyType, count: number][] = [
  ['ed25519', 'Ed25519', 151],
  ['ecdsa-secp256k1', 'secp256k1', 463],
  ['ecdsa-p256', 'ECDSA', 484],
  ['ecdsa-p384', 'ECDSA', 94],
  ['rsa-2048', 'RSA', 64],
];

describe.each(makers)('K5: Wycheproof by $name', (crypto) => {
  it.each(FILES)('%s', (name, type, count) => {
    const file = vectors<SignatureFile>(`wycheproof/${name}`);
    const wrong: unknown[] = [];
    let cases = 0;
    for (const { publicKey, tests } of file.groups) {
      const data = type === 'secp256k1' ? compressed(publicKey) : publicKey;
      const key = publicKeyFrom(encodeKey(type, fromHex(data)), crypto);
      for (const [tcId, result, flags, message, signature] of tests) {
        cases += 1;
        // Never a throw: a malformed signature is one that does not verify.
        const verified = key.verify(fromHex(message), fromHex(signature));
        if (verified !== (result === 'valid')) wrong.push([tcId, result, flags]);
      }
    }
    expect([cases, wrong]).toEqual([count, []]);
  });

  it('x25519: the shared secret, or none where it would be zero', () => {
    const { tests } = vectors<{ tests: AgreementCase[] }>('wycheproof/x25519');
    const wrong: unknown[] = [];
    for (const [tcId, result, flags, publicKey, privateKey, shared] of tests) {
      const agreed = crypto.x25519(fromHex(privateKey)).agree(fromHex(publicKey));
      const wanted = /^0+$/.test(shared) ? undefined : shared;
      if ((agreed && toHex(agreed)) !== wanted) wrong.push([tcId, result, flags]);
    }
    expect([tests.length, wrong]).toEqual([132, []]);
  });

  it('Ed25519: s of the group order or more, and a signature by a point of small order, prove nothing', () => {
    const key = publicKeyFrom(
      fromHex('080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'),
      crypto,
    );
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const littleEndian = (value: bigint): string =>
      toHex(fromHex(value.toString(16).padStart(64, '0')).reverse());
    const signature = crypto.ed25519Sign(fromHex('01'.repeat(32)), fromHex('00'));
    expect(key.verify(fromHex('00'), signature)).toBe(true);
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`);
    for (const other of [s + order, order, 2n ** 256n - 1n]) {
      const malleated = fromHex(toHex(signature.subarray(0, 32)) + littleEndian(other));
      expect(key.verify(fromHex('00'), malleated)).toBe(false);
    }
    // The neutral element signs everything with r = 0, s = 0, if its key is let in.
    expect(codeThrownBy(() => publicKeyFrom(fromHex(`0801122001${'00'.repeat(31)}`), crypto))).toBe(
      'ERR_INVALID_KEY',
    );
    expect(key.verify(fromHex('00'), fromHex(`01${'00'.repeat(63)}`))).toBe(false);
  });
});
