import { platformNodeCrypto } from '../../src/crypto/crypto.js';
import { nobleCrypto } from '../../src/crypto/noble.js';
import { nodeCrypto } from '../../src/crypto/node.js';
import { toHex, utf8 } from '../../src/core/bytes.js';
import { generateKey, privateKeyFrom, publicKeyFrom } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

interface KeyVector {
  name: string;
  keyType: string;
  privateKeyProtobufHex?: string;
  publicKeyProtobufHex: string;
  publicKeyDataHex: string;
  peerId: Record<string, string>;
  signatureHex?: string;
  signatureIsDeterministic?: boolean;
}
interface KeyVectors {
  messageUtf8: string;
  keys: KeyVector[];
  ed25519PrivateKeyForms: {
    note: string;
    protobufHex: string;
    valid: boolean;
    canonicalProtobufHex?: string;
  }[];
  invalidPublicKeys: { note: string; protobufHex: string }[];
  nonCanonicalPublicKeys: { note: string; protobufHex: string; canonicalProtobufHex: string }[];
  malleatedSignatures: { key: string; note: string; signatureHex: string; valid: boolean }[];
}
const file = vectors<KeyVectors>('keys');
const message = utf8(file.messageUtf8);
const node = platformNodeCrypto();
if (node === undefined) throw new Error('the tests run where node:crypto is');
const makers = [nodeCrypto(node), nobleCrypto()];

it('consumes the whole vector file', () => {
  const { keys, ed25519PrivateKeyForms, invalidPublicKeys, nonCanonicalPublicKeys, malleatedSignatures } =
    file;
  const counts = [
    keys,
    ed25519PrivateKeyForms,
    invalidPublicKeys,
    nonCanonicalPublicKeys,
    malleatedSignatures,
  ];
  expect(counts.map((list) => list.length)).toEqual([9, 4, 7, 3, 1]);
});

describe.each(makers)('keys by $name', (crypto) => {
  it.each(file.keys)('$name: reads, re-encodes, derives the id and verifies', (vector) => {
    const key = publicKeyFrom(fromHex(vector.publicKeyProtobufHex), crypto);
    expect(key.type.toLowerCase()).toBe(vector.keyType.toLowerCase());
    expect(toHex(key.bytes)).toBe(vector.publicKeyProtobufHex);
    expect(toHex(key.bytes).endsWith(vector.publicKeyDataHex)).toBe(true);
    expect(Object.values(vector.peerId)).toContain(peerIdFrom(key).toString());
    expect(Object.values(vector.peerId)).toContain(toHex(peerIdFrom(key).bytes));
    if (vector.signatureHex === undefined) return;
    const signature = fromHex(vector.signatureHex);
    expect(key.verify(message, signature)).toBe(true);
    expect(key.verify(utf8('another message'), signature)).toBe(false);
    expect(key.verify(message, signature.subarray(1))).toBe(false);
    expect(key.verify(message, Uint8Array.from([...signature, 0]))).toBe(false);
    expect(key.verify(message, new Uint8Array(0))).toBe(false);
  });

  it.each(file.keys.filter(({ privateKeyProtobufHex }) => privateKeyProtobufHex !== undefined))(
    '$name: the private key gives the public one and signs',
    (vector) => {
      const key = privateKeyFrom(fromHex(vector.privateKeyProtobufHex ?? ''), crypto);
      expect(toHex(key.bytes)).toBe(vector.privateKeyProtobufHex);
      expect(toHex(key.publicKey.bytes)).toBe(vector.publicKeyProtobufHex);
      if (key.type === 'RSA' && crypto.name === 'noble') {
        expect(codeThrownBy(() => key.sign(message))).toBe('ERR_KEY_UNSUPPORTED');
        return;
      }
      const signature = key.sign(message);
      expect(key.publicKey.verify(message, signature)).toBe(true);
      if (vector.signatureIsDeterministic !== false && vector.signatureHex !== undefined) {
        expect(toHex(signature)).toBe(vector.signatureHex);
      }
    },
  );

  it.each(file.ed25519PrivateKeyForms)('$note', ({ protobufHex, valid, canonicalProtobufHex }) => {
    if (valid)
      expect(toHex(privateKeyFrom(fromHex(protobufHex), crypto).bytes)).toBe(
        canonicalProtobufHex ?? protobufHex,
      );
    else expect(codeThrownBy(() => privateKeyFrom(fromHex(protobufHex), crypto))).toBe('ERR_INVALID_KEY');
  });

  it.each(file.invalidPublicKeys)('refuses: $note', ({ protobufHex }) => {
    expect(codeThrownBy(() => publicKeyFrom(fromHex(protobufHex), crypto))).toMatch(
      /^ERR_INVALID_(KEY|PROTOBUF)$/,
    );
  });

  it.each(file.nonCanonicalPublicKeys)('re-encodes: $note', ({ protobufHex, canonicalProtobufHex }) => {
    expect(toHex(publicKeyFrom(fromHex(protobufHex), crypto).bytes)).toBe(canonicalProtobufHex);
  });

  it.each(file.malleatedSignatures)('refuses: $note', ({ key, signatureHex, valid }) => {
    const owner = file.keys.find(({ name }) => name === key);
    expect(valid).toBe(false);
    expect(
      publicKeyFrom(fromHex(owner?.publicKeyProtobufHex ?? ''), crypto).verify(
        message,
        fromHex(signatureHex),
      ),
    ).toBe(false);
  });

  it('refuses Ed25519 points of small order and encodings beyond the field', () => {
    const data = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(31)}`,
      `ee${'ff'.repeat(30)}7f`,
    ];
    for (const hex of data)
      expect(codeThrownBy(() => publicKeyFrom(fromHex(`08011220${hex}`), crypto))).toBe('ERR_INVALID_KEY');
  });

  it('refuses a key cut anywhere', () => {
    for (const { publicKeyProtobufHex } of file.keys) {
      const bytes = fromHex(publicKeyProtobufHex);
      for (let length = 0; length < bytes.byteLength; length += 1) {
        expect(codeThrownBy(() => publicKeyFrom(bytes.subarray(0, length), crypto))).toMatch(
          /^ERR_INVALID_(KEY|PROTOBUF)$/,
        );
      }
    }
  });
});

describe('generateKey', () => {
  it.each(['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const)(
    'makes %s keys that survive being stored',
    (type) => {
      const key = generateKey(type);
      const again = privateKeyFrom(key.bytes);
      expect(again.publicKey.equals(key.publicKey)).toBe(true);
      expect(key.publicKey.verify(message, again.sign(message))).toBe(true);
      expect(publicKeyFrom(key.publicKey.bytes).equals(key.publicKey)).toBe(true);
      expect(peerIdFrom(key).equals(peerIdFrom(key.publicKey))).toBe(true);
    },
  );

  it('takes its chance from the source that is given', () => {
    const random = (byteLength: number): Uint8Array => new Uint8Array(byteLength).fill(1);
    expect(peerIdFrom(generateKey('Ed25519', { random })).toString()).toBe(
      '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
    );
  });

  it('names the value it cannot use', () => {
    expect(() => generateKey('RSA', { bits: 1024 })).toThrow(/bits is 1024/);
    expect(() => generateKey('DSA' as 'RSA')).toThrow(/DSA/);
  });
});
