import type { X509Certificate } from 'node:crypto';
import { Libp2pError } from '../../core/errors.js';
import type { PeerId } from '../../core/identity.js';
import { MAX_RSA_BITS, MIN_RSA_BITS } from '../../core/key-kinds.js';
import { publicKeyFrom } from '../../core/keys.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { readCertificate, signedBytes, type Certificate } from './certificate-message.js';
import { isTlsScheme } from './signature-schemes.js';
import { tlsError } from './tls-error.js';

/** One with an RSA-8192 key and an RSA-8192 identity takes less than 5 KiB. @source reliability limits, bytes */
const MAX_CERTIFICATE_BYTES = 8 * 1024;

export interface Expectations {
  readonly self: PeerId;
  /** The peer that was dialed. */
  readonly expectedPeer: PeerId | undefined;
  /** ms since 1970. */
  readonly now: number;
}

/**
 * Who a certificate proves its owner to be. Names, issuers and uses of keys are nobody's concern here. Throws
 * ERR_TLS_HANDSHAKE, which names what is wrong, ERR_PEER_ID_MISMATCH or ERR_DIAL_SELF.
 *
 * @source libp2p TLS specification, Peer Authentication; wire sheet 5.3
 */
export function verifyCertificate(x509: X509Certificate, { self, expectedPeer, now }: Expectations): PeerId {
  if (x509.raw.byteLength > MAX_CERTIFICATE_BYTES)
    throw tlsError(
      `a certificate of ${String(x509.raw.byteLength)} bytes; ${String(MAX_CERTIFICATE_BYTES)} are allowed`,
    );
  const certificate = readCertificate(x509.raw);
  checkTime(certificate, now);
  checkOwnSignature(certificate, x509);
  const remotePeer = peerOf(certificate);
  if (remotePeer.equals(self))
    throw new Libp2pError('ERR_DIAL_SELF', 'local', 'the other end is this host itself');
  if (expectedPeer?.equals(remotePeer) === false) {
    throw new Libp2pError(
      'ERR_PEER_ID_MISMATCH',
      'remote',
      `peer id mismatch: expected ${expectedPeer.toString()}, but remote key matches ${remotePeer.toString()}`,
    );
  }
  return remotePeer;
}

function checkTime({ notBefore, notAfter }: Certificate, now: number): void {
  const day = (ms: number): string => new Date(ms).toISOString();
  if (notAfter < notBefore)
    throw tlsError(`a certificate whose time ends (${day(notAfter)}) before it begins (${day(notBefore)})`);
  if (now < notBefore) throw tlsError(`a certificate that is not valid yet, but from ${day(notBefore)} on`);
  if (now > notAfter) throw tlsError(`a certificate that expired on ${day(notAfter)}`);
}

function checkOwnSignature(certificate: Certificate, x509: X509Certificate): void {
  if (!isTlsScheme(certificate.keyAlgorithm, certificate.signatureAlgorithm))
    throw tlsError('a certificate whose key and signature are not of a kind that TLS 1.3 has');
  let isSigned: boolean;
  try {
    const bits = x509.publicKey.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
      throw new Error(`an RSA key of ${String(bits)} bits; 2048 to 8192 are allowed`);
    isSigned = x509.verify(x509.publicKey);
  } catch (cause) {
    throw tlsError('a certificate whose key cannot be used', { cause });
  }
  if (!isSigned) throw tlsError('a certificate that its own key has not signed');
}

function peerOf({ extension, publicKey }: Certificate): PeerId {
  const key = identityKey(extension.identityKey);
  if (!key.verify(signedBytes(publicKey), extension.signature))
    throw tlsError('a certificate whose key is not signed by the identity in its libp2p extension');
  return peerIdFrom(key);
}

function identityKey(bytes: Uint8Array): ReturnType<typeof publicKeyFrom> {
  try {
    return publicKeyFrom(bytes);
  } catch (cause) {
    throw tlsError('a libp2p extension whose identity key is none', { cause });
  }
}
