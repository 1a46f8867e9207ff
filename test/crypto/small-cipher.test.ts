import * as node from 'node:crypto';
import fc from 'fast-check';
import { concatBytes, fromHex, NO_BYTES, toHex, utf8 } from '../../src/core/bytes.js';
import type { Aead, Bytes } from '../../src/crypto/contract.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { MAX_SMALL_BYTES, smallCipher } from '../../src/crypto/small-cipher.js';

const TAG_BYTES = 16;
const CASES = 20_000;
const small = smallCipher();
if (small === undefined) throw new Error('the tests run where the small cipher is');

function sealed(aead: Aead, nonce: Uint8Array, plaintext: Uint8Array): Bytes {
  const into = new Uint8Array(plaintext.byteLength + TAG_BYTES);
  aead.sealInto(nonce, plaintext, into);
  return into;
}

describe('the cipher for small messages', () => {
  // RFC 8439, 2.8.2: key, nonce, associated data, plaintext, and what comes of them.
  const key = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
  const nonce = fromHex('070000004041424344454647');
  const aad = fromHex('50515253c0c1c2c3c4c5c6c7');
  const plaintext = utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );

  it('gives the ciphertext and the tag of RFC 8439, 2.8.2, and opens them', () => {
    const box = small.seal(key, nonce, plaintext, aad);
    expect(toHex(box.subarray(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2');
    expect(toHex(box.subarray(-TAG_BYTES))).toBe('1ae10b594f09e26a7e902ecbd0600691');
    expect(small.open(key, nonce, box, aad)).toEqual(plaintext);
  });

  it('is one for the whole process', () => {
    expect(smallCipher()).toBe(small);
  });
});

describe.each([
  { name: 'node', crypto: nodeCrypto(node) },
  { name: 'noble', crypto: nobleCrypto() },
])('a message in one piece, by $name', ({ name, crypto }) => {
  const messages = fc.record({
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    nonce: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    plaintext: fc.uint8Array({ maxLength: MAX_SMALL_BYTES + 40 }),
    flipped: fc.nat(),
  });
  const numRuns = name === 'node' ? CASES : CASES / 10;

  it(`is what node:crypto makes of it, and opens, in ${String(numRuns)} random cases on both sides of the bound`, () => {
    fc.assert(
      fc.property(messages, ({ key, nonce, plaintext }) => {
        const cipher = node.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
        const expected = concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
        const aead = crypto.aead(key);
        const box = sealed(aead, nonce, plaintext);
        return (
          toHex(box) === toHex(expected) &&
          toHex(aead.openWhole(nonce, box) ?? fromHex('ff')) === toHex(plaintext)
        );
      }),
      { numRuns },
    );
  });

  it('does not open once any one bit is another, or with another nonce', () => {
    fc.assert(
      fc.property(messages, ({ key, nonce, plaintext, flipped }) => {
        const aead = crypto.aead(key);
        const box = sealed(aead, nonce, plaintext);
        const bit = flipped % (box.byteLength * 8);
        box[bit >> 3] = (box[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const forged = aead.openWhole(nonce, box);
        box[bit >> 3] = (box[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const other = Uint8Array.from(nonce, (byte, at) => (at === 4 ? byte ^ 1 : byte));
        return forged === undefined && aead.openWhole(other, box) === undefined;
      }),
      { numRuns: numRuns / 10 },
    );
  });

  it.each([0, 1, 64, MAX_SMALL_BYTES, MAX_SMALL_BYTES + 1, 4096])(
    'of %i bytes is the same as in pieces',
    (byteLength) => {
      const [key, nonce, plaintext] = [32, 12, byteLength].map((length) => new Uint8Array(length).fill(7));
      if (key === undefined || nonce === undefined || plaintext === undefined) throw new Error('three');
      const aead = crypto.aead(key);
      expect(sealed(aead, nonce, plaintext)).toEqual(concatBytes(...aead.seal(nonce, NO_BYTES, [plaintext])));
    },
  );

  it('keeps what it has opened when the next one is opened', () => {
    const aead = crypto.aead(new Uint8Array(32).fill(1));
    const nonce = new Uint8Array(12);
    const first = aead.openWhole(nonce, sealed(aead, nonce, utf8('the first')));
    aead.openWhole(nonce, sealed(aead, nonce, utf8('another')));
    expect(first).toEqual(utf8('the first'));
  });
});
