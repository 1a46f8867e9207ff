/** Certificates as nobody should make them: every part can be another than it ought to be. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { concatBytes, fromHex, utf8 } from '../../src/core/bytes.js';
import { derElement, TAG } from '../../src/core/der.js';
import type { Bytes } from '../../src/core/duplex.js';
import type { PrivateKey } from '../../src/core/identity.js';
import { generateKey } from '../../src/core/keys.js';
import { ECDSA_SHA256 } from '../../src/transports/tls/signature-schemes.js';

export const LIBP2P_OID = fromHex('2b0601040183a25a0101');
export const PREFIX = 'libp2p-tls-handshake:';
/** When these certificates were made, as far as anybody here is concerned. */
export const NOW = Date.UTC(2025, 5, 1);

export const seq = (...parts: readonly Uint8Array[]): Bytes => derElement(TAG.sequence, ...parts);
const oid = (bytes: Uint8Array): Bytes => derElement(TAG.oid, bytes);
const octets = (...bytes: readonly Uint8Array[]): Bytes => derElement(TAG.octetString, ...bytes);

export function extension(value: Uint8Array, critical?: boolean, id: Uint8Array = LIBP2P_OID): Bytes {
  const flag = critical === undefined ? [] : [derElement(TAG.boolean, Uint8Array.of(critical ? 255 : 0))];
  return seq(oid(id), ...flag, octets(value));
}

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
export const p256 = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const spkiOf = ({ publicKey }: Keys): Bytes =>
  new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));

export interface Recipe {
  readonly identity?: PrivateKey;
  readonly keys?: Keys;
  /** What the identity signs, instead of prefix and key. */
  readonly vouched?: (spki: Bytes) => Uint8Array;
  /** All extensions, instead of the one that belongs. */
  readonly extensions?: (signedKey: Bytes) => readonly Uint8Array[];
  readonly signedKey?: (identityKey: Bytes, signature: Bytes) => Uint8Array;
  readonly version?: Uint8Array;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly algorithm?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
  readonly hash?: string;
  /** Stands behind the key. */
  readonly uniqueIds?: Uint8Array;
  /** The name's serial number, which is no one's concern. */
  readonly name?: string;
  /** Whoever signs, instead of the certificate's own key. */
  readonly signer?: Keys;
}
export interface Made {
  readonly der: Bytes;
  readonly cert: string;
  readonly key: string;
}

export const theirKey = generateKey('Ed25519', { random: () => new Uint8Array(32).fill(2) });

/** UTCTime for times of 13 characters, else GeneralizedTime. */
const time = (text: string): Bytes =>
  derElement(text.length === 13 ? TAG.utcTime : TAG.generalizedTime, utf8(text));

export function makeCertificate(recipe: Recipe = {}): Made {
  const { identity = theirKey, keys = p256(), algorithm = ECDSA_SHA256, hash = 'sha256' } = recipe;
  const spki = spkiOf(keys);
  const signature = identity.sign(recipe.vouched?.(spki) ?? concatBytes(utf8(PREFIX), spki));
  const signedKey =
    recipe.signedKey?.(identity.publicKey.bytes, signature) ??
    seq(octets(identity.publicKey.bytes), octets(signature));
  const extensions = recipe.extensions?.(new Uint8Array(signedKey)) ?? [extension(signedKey)];
  const name = seq(
    derElement(
      TAG.set,
      seq(oid(fromHex('550405')), derElement(TAG.printableString, utf8(recipe.name ?? '1'))),
    ),
  );
  const body = seq(
    recipe.version ?? derElement(TAG.context0, derElement(TAG.integer, Uint8Array.of(2))),
    derElement(TAG.integer, createHash('sha256').update(spki).digest().subarray(0, 8).fill(1, 0, 1)),
    recipe.innerAlgorithm ?? algorithm,
    name,
    seq(time(recipe.notBefore ?? '250101000000Z'), time(recipe.notAfter ?? '21250101000000Z')),
    name,
    spki,
    recipe.uniqueIds ?? new Uint8Array(0),
    ...(extensions.length === 0 ? [] : [derElement(TAG.context3, seq(...extensions))]),
  );
  const { privateKey } = recipe.signer ?? keys;
  const signed = sign(hash === '' ? null : hash, body, privateKey);
  const der = seq(body, algorithm, derElement(TAG.bitString, Uint8Array.of(0), signed));
  return {
    der,
    cert: pem(der),
    key: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

export function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? '';
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
