/**
 * The certificate of the TLS handshake as bytes: ours is written, the remote's is taken apart by the strict DER reader that
 * keys go through too. What is certified is the libp2p extension; nothing else in it says who anybody is.
 * @source RFC 5280, 4.1; libp2p TLS specification, libp2p Public Key Extension
 */
import { concatBytes, equalBytes, fromHex, fromUtf8, ownBytes, utf8 } from '../../core/bytes.js';
import { DerReader, derElement, derUnsigned, TAG } from '../../core/der.js';
import type { Bytes } from '../../core/duplex.js';
import { ECDSA_SHA256 } from './signature-schemes.js';
import { tlsError } from './tls-error.js';

/** 1.3.6.1.4.1.53594.1.1 */
const LIBP2P_OID = fromHex('2b0601040183a25a0101');
/** What may be critical and is not our concern: 2.5.29.14 and so on, the uses of a key, its names and its issuer's. */
const IGNORED_OIDS = ['551d0e', '551d0f', '551d11', '551d13', '551d23', '551d25'].map(fromHex);
const SERIAL_NUMBER_OID = fromHex('550405');
const V3 = Uint8Array.of(2);
const SIGNATURE_PREFIX = utf8('libp2p-tls-handshake:');
const WHAT = 'certificate';

/** What of a certificate is looked at. */
export interface Certificate {
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Bytes;
  readonly keyAlgorithm: Bytes;
  readonly signatureAlgorithm: Bytes;
  /** ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extension: SignedKey;
}
/** The libp2p extension: who the certificate's owner is, and that owner's word for it. */
export interface SignedKey {
  readonly identityKey: Bytes;
  readonly signature: Bytes;
}

/** What the identity key signs. */
export function signedBytes(publicKey: Uint8Array): Bytes {
  return concatBytes(SIGNATURE_PREFIX, publicKey);
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Throws ERR_TLS_HANDSHAKE, which says what is wrong with it. */
export function readCertificate(der: Uint8Array): Certificate {
  try {
    return read(der);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_TLS_HANDSHAKE') throw cause;
    throw tlsError('a certificate that cannot be read', { cause });
  }
}

function read(der: Uint8Array): Certificate {
  const outer = new DerReader(der, WHAT);
  const certificate = outer.nested(TAG.sequence);
  outer.end();
  const body = certificate.nested(TAG.sequence);
  const signatureAlgorithm = ownBytes(certificate.element(TAG.sequence));
  certificate.bits();
  certificate.end();
  readVersion(body);
  body.take(TAG.integer);
  if (!equalBytes(body.element(TAG.sequence), signatureAlgorithm))
    throw tlsError('a certificate that names two signature algorithms');
  body.take(TAG.sequence);
  const validity = body.nested(TAG.sequence);
  const [notBefore, notAfter] = [readTime(validity), readTime(validity)];
  validity.end();
  body.take(TAG.sequence);
  const publicKey = ownBytes(body.element(TAG.sequence));
  // What may stand here, unique ids of issuer and subject, libp2p forbids; `nested` refuses them.
  if (body.done) throw noExtension();
  const extension = readExtensions(body.nested(TAG.context3));
  body.end();
  const keyAlgorithm = ownBytes(new DerReader(publicKey, WHAT).nested(TAG.sequence).element(TAG.sequence));
  return { publicKey, keyAlgorithm, signatureAlgorithm, notBefore, notAfter, extension };
}

function readVersion(body: DerReader): void {
  const version = body.peek() === TAG.context0 ? body.nested(TAG.context0) : undefined;
  if (version === undefined || !equalBytes(version.unsigned(), V3))
    throw tlsError('a certificate that is not of version 3');
  version.end();
}

/** A GeneralizedTime to the second, in UTC; a UTCTime lacks the first two digits. */
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

function readTime(validity: DerReader): number {
  const isShort = validity.peek() === TAG.utcTime;
  const text = fromUtf8(validity.take(isShort ? TAG.utcTime : TAG.generalizedTime)) ?? '';
  // Two digits reach from 1950 to 2049. @source RFC 5280, 4.1.2.5.1
  const full = isShort ? `${text < '50' ? '20' : '19'}${text}` : text;
  const ms = TIME.test(full) ? Date.parse(full.replace(TIME, '$1-$2-$3T$4:$5:$6Z')) : NaN;
  // A day that the month has not would be one of the next.
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(full.slice(6, 8)))
    throw tlsError('a certificate with a time that is none');
  return ms;
}

function readExtensions(wrapper: DerReader): SignedKey {
  const list = wrapper.nested(TAG.sequence);
  wrapper.end();
  let found: SignedKey | undefined;
  while (!list.done) {
    const entry = list.nested(TAG.sequence);
    const oid = entry.take(TAG.oid);
    const isCritical = entry.peek() === TAG.boolean && entry.take(TAG.boolean)[0] !== 0;
    const value = entry.take(TAG.octetString);
    entry.end();
    if (equalBytes(oid, LIBP2P_OID)) {
      if (found !== undefined) throw tlsError('a certificate with the libp2p extension twice');
      found = readSignedKey(value);
    } else if (isCritical && !IGNORED_OIDS.some((ignored) => equalBytes(ignored, oid)))
      throw tlsError('a certificate with an unknown critical extension');
  }
  if (found === undefined) throw noExtension();
  return found;
}

function readSignedKey(value: Uint8Array): SignedKey {
  try {
    const outer = new DerReader(value, 'libp2p extension');
    const pair = outer.nested(TAG.sequence);
    outer.end();
    const [identityKey, signature] = [pair.take(TAG.octetString), pair.take(TAG.octetString)];
    pair.end();
    return { identityKey: ownBytes(identityKey), signature: ownBytes(signature) };
  } catch (cause) {
    throw tlsError('a libp2p extension that cannot be read', { cause });
  }
}

function noExtension(): Error {
  return tlsError('a certificate without the libp2p extension');
}

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface NewCertificate {
  /** Positive, at most 8 bytes. */
  readonly serial: Uint8Array;
  /** Digits: issuer and subject have nothing but a serial number, which says nothing. */
  readonly name: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo of the P-256 key that signs. */
  readonly publicKey: Uint8Array;
  readonly extension: SignedKey;
  /** ECDSA with SHA-256, as DER. */
  sign(bytes: Bytes): Uint8Array;
}

/** The extension is the first, and not critical: js-libp2p looks only there, and others take either. @source wire sheet 5.2 */
export function encodeCertificate(made: NewCertificate): Bytes {
  const { identityKey, signature } = made.extension;
  const name = derElement(
    TAG.sequence,
    derElement(
      TAG.set,
      derElement(
        TAG.sequence,
        derElement(TAG.oid, SERIAL_NUMBER_OID),
        derElement(TAG.printableString, utf8(made.name)),
      ),
    ),
  );
  const signedKey = derElement(
    TAG.sequence,
    derElement(TAG.octetString, identityKey),
    derElement(TAG.octetString, signature),
  );
  const extension = derElement(
    TAG.sequence,
    derElement(TAG.oid, LIBP2P_OID),
    derElement(TAG.octetString, signedKey),
  );
  const body = derElement(
    TAG.sequence,
    derElement(TAG.context0, derUnsigned(V3)),
    derUnsigned(made.serial),
    ECDSA_SHA256,
    name,
    derElement(TAG.sequence, derTime(made.notBefore), derTime(made.notAfter)),
    name,
    made.publicKey,
    derElement(TAG.context3, derElement(TAG.sequence, extension)),
  );
  return derElement(
    TAG.sequence,
    body,
    ECDSA_SHA256,
    derElement(TAG.bitString, Uint8Array.of(0), made.sign(body)),
  );
}

/** Two digits of the year up to 2049, four from then on. @source RFC 5280, 4.1.2.5 */
function derTime(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+Z/g, '');
  const isShort = digits < '2050';
  return derElement(
    isShort ? TAG.utcTime : TAG.generalizedTime,
    utf8(`${isShort ? digits.slice(2) : digits}Z`),
  );
}
