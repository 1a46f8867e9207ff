/** The four kinds of key: how each is written, checked, signed with and verified. @source libp2p peer-ids specification, Key Types */
import type { Crypto, Curve, RsaPublicNumbers } from '../crypto/contract.js';
import { concatBytes, equalBytes, fromHex, ownBytes } from './bytes.js';
import { DerReader, derElement, derUnsigned, TAG } from './der.js';
import type { Bytes } from './duplex.js';
import { Libp2pError } from './errors.js';
import { invalid } from './key-message.js';
import { areOneKey } from './rsa-numbers.js';

/** One public key's powers, after its data was examined. */
interface Verifier {
  /** The canonical data. */
  readonly data: Bytes;
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}
interface Signer {
  readonly data: Bytes;
  readonly publicData: Bytes;
  sign(data: Uint8Array): Bytes;
}
export interface KeyKind {
  verifier(data: Uint8Array, crypto: Crypto): Verifier;
  signer(data: Uint8Array, crypto: Crypto): Signer;
}

// ── Ed25519 ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const SEED_BYTES = 32;
/** Points of small order, sign bit cleared: a signature by one of them proves nothing. @source RFC 8032, 8.9; libsodium's list */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex);

export const ed25519Kind: KeyKind = {
  verifier(data, crypto) {
    if (data.byteLength !== SEED_BYTES)
      throw invalid(`an Ed25519 public key of ${String(data.byteLength)} bytes; it has 32`);
    const y = ownBytes(data);
    y[31] = (y[31] ?? 0) & 0x7f;
    const nonCanonical =
      y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff) && (y[0] ?? 0) >= 0xed;
    if (nonCanonical || SMALL_ORDER.some((point) => equalBytes(point, y)))
      throw invalid('an Ed25519 public key of small order or not canonical');
    const key = ownBytes(data);
    return { data: key, verify: (message, signature) => crypto.ed25519Verify(key, message, signature) };
  },
  signer(data, crypto) {
    if (data.byteLength !== 64 && data.byteLength !== 96)
      throw invalid(`an Ed25519 private key of ${String(data.byteLength)} bytes; it has 64 (or 96)`);
    const seed = ownBytes(data.subarray(0, SEED_BYTES));
    const publicData = crypto.ed25519PublicKey(seed);
    for (let at = SEED_BYTES; at < data.byteLength; at += SEED_BYTES) {
      if (!equalBytes(publicData, data.subarray(at, at + SEED_BYTES)))
        throw invalid('an Ed25519 private key whose public half is not its own');
    }
    return {
      data: concatBytes(seed, publicData),
      publicData,
      sign: (message) => crypto.ed25519Sign(seed, message),
    };
  },
};

// ── secp256k1 ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const secp256k1Kind: KeyKind = {
  verifier(data, crypto) {
    const point = data.byteLength === 33 ? crypto.ecPoint('secp256k1', data, false) : undefined;
    if (point === undefined)
      throw invalid(
        `a secp256k1 public key of ${String(data.byteLength)} bytes that is not a compressed point of the curve`,
      );
    return {
      data: ownBytes(data),
      verify: (message, signature) => verifyDer(crypto, 'secp256k1', point, message, signature, true),
    };
  },
  signer(data, crypto) {
    const point = data.byteLength === 32 ? crypto.ecPublicKey('secp256k1', data) : undefined;
    const publicData = point && crypto.ecPoint('secp256k1', point, true);
    if (publicData === undefined)
      throw invalid(
        `a secp256k1 private key of ${String(data.byteLength)} bytes that is no scalar of the curve`,
      );
    const scalar = ownBytes(data);
    return { data: scalar, publicData, sign: (message) => signDer(crypto, 'secp256k1', scalar, message) };
  },
};

// ── ECDSA ────────────────────────────────────────────────────────────────────────────────────────────────────────────
const EC_PUBLIC_KEY = fromHex('2a8648ce3d0201');
const CURVES: readonly { readonly curve: Curve; readonly oid: Bytes; readonly scalarBytes: number }[] = [
  { curve: 'P-256', oid: fromHex('2a8648ce3d030107'), scalarBytes: 32 },
  { curve: 'P-384', oid: fromHex('2b81040022'), scalarBytes: 48 },
  { curve: 'P-521', oid: fromHex('2b81040023'), scalarBytes: 66 },
];

export const ecdsaKind: KeyKind = {
  verifier(data, crypto) {
    const outer = new DerReader(data, 'ECDSA public key');
    const key = outer.nested(TAG.sequence);
    outer.end();
    const algorithm = key.nested(TAG.sequence);
    if (!equalBytes(algorithm.take(TAG.oid), EC_PUBLIC_KEY))
      throw invalid('ECDSA public key: the algorithm is not ecPublicKey');
    const { curve, scalarBytes } = namedCurve(algorithm.take(TAG.oid));
    algorithm.end();
    const encoded = key.bits();
    key.end();
    const point =
      encoded.byteLength === 1 + 2 * scalarBytes ? crypto.ecPoint(curve, encoded, false) : undefined;
    if (point === undefined) throw invalid(`ECDSA public key: not an uncompressed point of ${curve}`);
    return {
      data: ownBytes(data),
      verify: (message, signature) => verifyDer(crypto, curve, point, message, signature, false),
    };
  },
  signer(data, crypto) {
    const outer = new DerReader(data, 'ECDSA private key');
    const key = outer.nested(TAG.sequence);
    outer.end();
    if (!equalBytes(key.unsigned(), Uint8Array.of(1))) throw invalid('ECDSA private key: not version 1');
    const scalar = ownBytes(key.take(TAG.octetString));
    const parameters = key.nested(TAG.context0);
    const named = namedCurve(parameters.take(TAG.oid));
    parameters.end();
    const point =
      scalar.byteLength === named.scalarBytes ? crypto.ecPublicKey(named.curve, scalar) : undefined;
    if (point === undefined) throw invalid(`ECDSA private key: no scalar of ${named.curve}`);
    if (!key.done && !equalBytes(key.nested(TAG.context1).bits(), point))
      throw invalid('ECDSA private key: its public half is not its own');
    key.end();
    return {
      ...ecdsaKey(named.curve, scalar, point),
      sign: (message) => signDer(crypto, named.curve, scalar, message),
    };
  },
};

/** SEC 1 and SubjectPublicKeyInfo DER of a key. */
export function ecdsaKey(
  curve: Curve,
  scalar: Uint8Array,
  point: Uint8Array,
): { readonly data: Bytes; readonly publicData: Bytes } {
  const oid = derElement(TAG.oid, CURVES.find((named) => named.curve === curve)?.oid ?? new Uint8Array(0));
  const bits = derElement(TAG.bitString, Uint8Array.of(0), point);
  return {
    data: derElement(
      TAG.sequence,
      derUnsigned(Uint8Array.of(1)),
      derElement(TAG.octetString, scalar),
      derElement(TAG.context0, oid),
      derElement(TAG.context1, bits),
    ),
    publicData: derElement(
      TAG.sequence,
      derElement(TAG.sequence, derElement(TAG.oid, EC_PUBLIC_KEY), oid),
      bits,
    ),
  };
}

function namedCurve(oid: Uint8Array): (typeof CURVES)[number] {
  const named = CURVES.find((candidate) => equalBytes(candidate.oid, oid));
  if (named === undefined) throw invalid('an ECDSA key on a curve other than P-256, P-384 and P-521');
  return named;
}

function signDer(crypto: Crypto, curve: Curve, scalar: Uint8Array, message: Uint8Array): Bytes {
  const signature = crypto.ecdsaSign(curve, scalar, message);
  const half = signature.byteLength / 2;
  return derElement(
    TAG.sequence,
    derUnsigned(signature.subarray(0, half)),
    derUnsigned(signature.subarray(half)),
  );
}

function verifyDer(
  crypto: Crypto,
  curve: Curve,
  point: Uint8Array,
  message: Uint8Array,
  der: Uint8Array,
  lowS: boolean,
): boolean {
  const width = (point.byteLength - 1) / 2;
  const signature = new Uint8Array(2 * width);
  try {
    const outer = new DerReader(der, 'ECDSA signature');
    const pair = outer.nested(TAG.sequence);
    outer.end();
    const [r, s] = [pair.unsigned(), pair.unsigned()];
    pair.end();
    if (r.byteLength > width || s.byteLength > width) return false;
    signature.set(r, width - r.byteLength);
    signature.set(s, 2 * width - s.byteLength);
  } catch {
    return false;
  }
  return crypto.ecdsaVerify(curve, point, message, signature, lowS);
}

// ── RSA ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
const RSA_ENCRYPTION = fromHex('2a864886f70d010101');
export const MIN_RSA_BITS = 2048;
export const MAX_RSA_BITS = 8192;

export const rsaKind: KeyKind = {
  verifier(data, crypto) {
    const outer = new DerReader(data, 'RSA public key');
    const key = outer.nested(TAG.sequence);
    outer.end();
    const algorithm = key.nested(TAG.sequence);
    if (!equalBytes(algorithm.take(TAG.oid), RSA_ENCRYPTION))
      throw invalid('RSA public key: the algorithm is not rsaEncryption');
    if (algorithm.take(TAG.null).byteLength !== 0) throw invalid('RSA public key: parameters');
    algorithm.end();
    const bits = new DerReader(key.bits(), 'RSA public key');
    key.end();
    const numbers = bits.nested(TAG.sequence);
    bits.end();
    const [modulus, exponent] = [numbers.unsigned(), numbers.unsigned()];
    numbers.end();
    const checked = checkRsa(modulus, exponent);
    return {
      data: checked.spki,
      verify: (message, signature) => crypto.rsaVerify(checked, message, signature),
    };
  },
  signer(data, crypto) {
    const outer = new DerReader(data, 'RSA private key');
    const key = outer.nested(TAG.sequence);
    outer.end();
    if (!equalBytes(key.unsigned(), Uint8Array.of(0))) throw invalid('RSA private key: not two primes');
    const [modulus, exponent] = [key.unsigned(), key.unsigned()];
    const { spki } = checkRsa(modulus, exponent);
    const secrets = Array.from({ length: 6 }, () => key.unsigned());
    key.end();
    if (!areOneKey([modulus, exponent, ...secrets]))
      throw invalid('RSA private key: its numbers do not belong together');
    const pkcs1 = ownBytes(data);
    const sign = (message: Uint8Array): Bytes => {
      if (crypto.rsa === undefined)
        throw new Libp2pError('ERR_KEY_UNSUPPORTED', 'local', 'RSA keys sign with node:crypto only');
      return crypto.rsa.sign(pkcs1, message);
    };
    return { data: pkcs1, publicData: spki, sign };
  },
};

/** Size and exponent are judged by their encoding, before anything is computed with them. */
function checkRsa(modulus: Bytes, exponent: Bytes): RsaPublicNumbers {
  const bits = 8 * modulus.byteLength - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
    throw invalid(`an RSA key of ${String(bits)} bits; 2048 to 8192 are allowed`);
  const odd = ((exponent.at(-1) ?? 0) & 1) === 1;
  if (exponent.byteLength > 4 || !odd || (exponent.byteLength === 1 && (exponent[0] ?? 0) < 3))
    throw invalid('an RSA key whose exponent is even, below 3 or beyond 32 bits');
  const numbers = derElement(TAG.sequence, derUnsigned(modulus), derUnsigned(exponent));
  const algorithm = derElement(TAG.sequence, derElement(TAG.oid, RSA_ENCRYPTION), derElement(TAG.null));
  return {
    modulus,
    exponent,
    spki: derElement(TAG.sequence, algorithm, derElement(TAG.bitString, Uint8Array.of(0), numbers)),
  };
}
