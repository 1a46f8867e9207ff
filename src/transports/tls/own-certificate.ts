import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { toHex } from '../../core/bytes.js';
import { derElement, derUnsigned, TAG } from '../../core/der.js';
import type { Bytes } from '../../core/duplex.js';
import type { PrivateKey, RandomSource } from '../../core/identity.js';
import { encodeCertificate, signedBytes } from './certificate-message.js';
import { P256_OID } from './signature-schemes.js';

/** Back, for clocks that go slow; forth, as go-libp2p has it. @source WIRE-23 */
const HOUR_MS = 3_600_000;
const CENTURY_MS = 100 * 365.25 * 24 * HOUR_MS;

export interface OwnCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate with a fresh key on P-256, vouched for by the host's own key. */
export function makeCertificate(identity: PrivateKey, random: RandomSource, now: number): OwnCertificate {
  const sec1 = newKey(random);
  const key = createPrivateKey({ key: Buffer.from(sec1), format: 'der', type: 'sec1' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const serial = random(8);
  // Positive, and never 0.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const certificate = encodeCertificate({
    serial,
    name: BigInt(`0x${toHex(random(8))}`).toString(),
    notBefore: now - HOUR_MS,
    notAfter: now + CENTURY_MS,
    publicKey,
    extension: {
      identityKey: identity.publicKey.bytes,
      signature: identity.sign(signedBytes(publicKey)),
    },
    sign: (bytes) => sign('sha256', bytes, key),
  });
  return { cert: pem('CERTIFICATE', certificate), key: pem('EC PRIVATE KEY', sec1) };
}

/** Without its public half, which OpenSSL works out faster than we could. @source RFC 5915, 3 */
function newKey(random: RandomSource): Bytes {
  const scalar = random(32);
  // Below the curve's order, whose first bytes are ff, and never 0.
  scalar[0] = ((scalar[0] ?? 0) & 0x7f) | 0x40;
  return derElement(
    TAG.sequence,
    derUnsigned(Uint8Array.of(1)),
    derElement(TAG.octetString, scalar),
    derElement(TAG.context0, derElement(TAG.oid, P256_OID)),
  );
}

function pem(what: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`;
}
