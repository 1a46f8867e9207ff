import type { Crypto } from '../crypto/contract.js';
import { crypto as platformCrypto } from '../crypto/crypto.js';
import { platformRandom } from '../crypto/random.js';
import { concatBytes, equalBytes, nameOfBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';
import type { KeyType, PrivateKey, PublicKey, RandomSource } from './identity.js';
import {
  ecdsaKey,
  ecdsaKind,
  ed25519Kind,
  MAX_RSA_BITS,
  MIN_RSA_BITS,
  rsaKind,
  secp256k1Kind,
  type KeyKind,
} from './key-kinds.js';
import { decodeKey, encodeKey } from './key-message.js';
import { Recent } from './recent.js';
import { isVerified } from './verified.js';

const KINDS: Readonly<Record<KeyType, KeyKind>> = {
  Ed25519: ed25519Kind,
  secp256k1: secp256k1Kind,
  ECDSA: ecdsaKind,
  RSA: rsaKind,
};

/** How a key is made. */
export interface GenerateKeyOptions {
  /** RSA only: the modulus, 2048 (the default) to 8192. */
  readonly bits?: number | undefined;
  /** Where the key comes from; the platform's CSPRNG if left out. RSA always takes the platform's. */
  readonly random?: RandomSource | undefined;
}

/**
 * A new key pair, Ed25519 if not said otherwise; ECDSA is on P-256. Throws ERR_INVALID_OPTION, or ERR_KEY_UNSUPPORTED for
 * RSA where there is no `node:crypto`.
 *
 * @example
 * ```ts
 * import { generateKey, peerIdFrom, privateKeyFrom } from 'rx-libp2p';
 *
 * const key = generateKey('Ed25519');
 * const again = privateKeyFrom(key.bytes); // what was stored
 * console.log(peerIdFrom(again).equals(peerIdFrom(key)));
 * ```
 */
export function generateKey(type: KeyType = 'Ed25519', options: GenerateKeyOptions = {}): PrivateKey {
  const random = options.random ?? platformRandom;
  switch (type) {
    case 'Ed25519': {
      const seed = random(32);
      return privateKey(type, concatBytes(seed, platformCrypto.ed25519PublicKey(seed)), platformCrypto);
    }
    case 'secp256k1':
      return privateKey(type, scalar('secp256k1', random).scalar, platformCrypto);
    case 'ECDSA': {
      const made = scalar('P-256', random);
      return privateKey(type, ecdsaKey('P-256', made.scalar, made.point).data, platformCrypto);
    }
    case 'RSA':
      return generateRsa(options.bits ?? MIN_RSA_BITS);
    default:
      throw new Libp2pError('ERR_INVALID_OPTION', 'local', `there is no key type ${String(type)}`);
  }
}

function generateRsa(bits: number): PrivateKey {
  if (!Number.isSafeInteger(bits) || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `bits is ${String(bits)}; an RSA key has 2048 to 8192`,
    );
  }
  if (platformCrypto.rsa === undefined)
    throw new Libp2pError('ERR_KEY_UNSUPPORTED', 'local', 'RSA keys are made with node:crypto only');
  return privateKey('RSA', platformCrypto.rsa.generate(bits), platformCrypto);
}

function scalar(
  curve: 'P-256' | 'secp256k1',
  random: RandomSource,
): { readonly scalar: Uint8Array; readonly point: Uint8Array } {
  // One draw in 2^32 (P-256) or 2^128 lies outside the curve's order; a source that keeps giving those is broken.
  for (let tries = 0; tries < 8; tries += 1) {
    const drawn = random(32);
    const point = platformCrypto.ecPublicKey(curve, drawn);
    if (point !== undefined) return { scalar: drawn, point };
  }
  throw new Libp2pError('ERR_INVALID_OPTION', 'local', 'the random source gives no usable key');
}

/** A private key from its protobuf form. Throws ERR_INVALID_KEY or ERR_INVALID_PROTOBUF. `crypto` is for tests. */
export function privateKeyFrom(bytes: Uint8Array, crypto: Crypto = platformCrypto): PrivateKey {
  const { type, data } = decodeKey(bytes, 'private key');
  return privateKey(type, data, crypto);
}

/** Keys that were read lately: a connection brings its peer's in the handshake, in identify and with its record. */
const MAX_RECENT = 256;
const recent = new Recent<PublicKey>(MAX_RECENT);
/** Longer ones, of RSA, are not looked up by their bytes. */
const MAX_NAMED_BYTES = 64;

/** A public key from any valid protobuf form; its own `bytes` are canonical. Throws ERR_INVALID_KEY or ERR_INVALID_PROTOBUF. */
export function publicKeyFrom(bytes: Uint8Array, crypto: Crypto = platformCrypto): PublicKey {
  const name =
    bytes.byteLength <= MAX_NAMED_BYTES && crypto === platformCrypto ? nameOfBytes(bytes) : undefined;
  const known = name === undefined ? undefined : recent.get(name);
  if (known !== undefined) return known;
  const { type, data } = decodeKey(bytes, 'public key');
  const key = publicKey(type, data, crypto);
  if (name !== undefined) recent.set(name, key);
  return key;
}

function privateKey(type: KeyType, raw: Uint8Array, crypto: Crypto): PrivateKey {
  const signer = KINDS[type].signer(raw, crypto);
  return Object.freeze({
    type,
    bytes: encodeKey(type, signer.data),
    publicKey: publicKey(type, signer.publicData, crypto),
    sign: (data: Uint8Array): Bytes => signer.sign(data),
  });
}

function publicKey(type: KeyType, raw: Uint8Array, crypto: Crypto): PublicKey {
  const verifier = KINDS[type].verifier(raw, crypto);
  const bytes = encodeKey(type, verifier.data);
  return Object.freeze({
    type,
    bytes,
    verify: (data: Uint8Array, signature: Uint8Array): boolean =>
      isVerified({ crypto, key: bytes, data, signature }, () => verifier.verify(data, signature)),
    equals: (other: PublicKey): boolean => equalBytes(bytes, other.bytes),
  });
}
