import { toHex } from '../../core/bytes.js';
import type { PrivateKey, RandomSource } from '../../core/identity.js';
import { decodeKey } from '../../core/key-message.js';
import { generateKey } from '../../core/keys.js';
import { encodeCertificate, signedBytes } from './certificate-message.js';

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
  const key = generateKey('ECDSA', { random });
  const publicKey = decodeKey(key.publicKey.bytes, 'public key').data;
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
    sign: (bytes) => key.sign(bytes),
  });
  return {
    cert: pem('CERTIFICATE', certificate),
    key: pem('EC PRIVATE KEY', decodeKey(key.bytes, 'private key').data),
  };
}

function pem(what: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`;
}
