/** ECDSA by noble. Signing is deterministic (RFC 6979) and gives low s on every platform, so both makers share it. */
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Bytes, Crypto, Curve } from './contract.js';

const CURVES = { 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1 } as const;
/** The hash is taken here: noble would take each curve's own, libp2p always takes SHA-256. */
const FORM = { prehash: false, format: 'compact' } as const;

// noble gives plain arrays over buffers of their own; its types say less.
const own = (bytes: Uint8Array): Bytes => bytes as Bytes;

type EllipticCurves = Pick<Crypto, 'ecPoint' | 'ecPublicKey' | 'ecdsaSign' | 'ecdsaVerify'> & {
  hasLowS(curve: Curve, signature: Uint8Array): boolean;
};

export const ellipticCurves: EllipticCurves = {
  ecPoint(curve, point, compressed) {
    try {
      return own(CURVES[curve].Point.fromBytes(point).toBytes(compressed));
    } catch {
      return undefined;
    }
  },
  ecPublicKey(curve, scalar) {
    try {
      return own(CURVES[curve].getPublicKey(scalar, false));
    } catch {
      return undefined;
    }
  },
  ecdsaSign: (curve, scalar, data) => own(CURVES[curve].sign(sha256(data), scalar, { ...FORM, lowS: true })),
  ecdsaVerify(curve, point, data, signature, lowS) {
    try {
      return CURVES[curve].verify(signature, sha256(data), point, { ...FORM, lowS });
    } catch {
      return false;
    }
  },
  hasLowS(curve, signature) {
    try {
      return !CURVES[curve].Signature.fromBytes(signature, 'compact').hasHighS();
    } catch {
      return false;
    }
  },
};
