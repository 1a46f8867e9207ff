/**
 * With which algorithms a certificate may have signed itself: those that TLS 1.3 has for signatures, written as DER, so that
 * two AlgorithmIdentifiers are compared and none is interpreted.
 * @source RFC 8446, 4.2.3; RFC 4055, 3.1; libp2p TLS specification, Peer Authentication
 */
import { fromHex, toHex } from '../../core/bytes.js';
import { derElement, derUnsigned, TAG } from '../../core/der.js';
import type { Bytes } from '../../core/duplex.js';

export const P256_OID = fromHex('2a8648ce3d030107');
const OID = {
  ecPublicKey: '2a8648ce3d0201',
  p384: '2b81040022',
  p521: '2b81040023',
  ed25519: '2b6570',
  rsa: '2a864886f70d010101',
  pss: '2a864886f70d01010a',
  mgf1: '2a864886f70d010108',
  ecdsaSha256: '2a8648ce3d040302',
  ecdsaSha384: '2a8648ce3d040303',
  ecdsaSha512: '2a8648ce3d040304',
  rsaSha256: '2a864886f70d01010b',
  rsaSha384: '2a864886f70d01010c',
  rsaSha512: '2a864886f70d01010d',
} as const;
const HASHES = [
  { oid: '608648016503040201', byteLength: 32 },
  { oid: '608648016503040202', byteLength: 48 },
  { oid: '608648016503040203', byteLength: 64 },
];
const NULL = derElement(TAG.null);

function identifier(oid: string, ...parameters: readonly Uint8Array[]): Bytes {
  return derElement(TAG.sequence, derElement(TAG.oid, fromHex(oid)), ...parameters);
}

/** Both ways in which a hash's absent parameters are written. */
function pssIdentifiers(): Bytes[] {
  return HASHES.flatMap(({ oid, byteLength }) =>
    [identifier(oid), identifier(oid, NULL)].map((hash) =>
      identifier(
        OID.pss,
        derElement(
          TAG.sequence,
          derElement(TAG.context0, hash),
          derElement(TAG.context1, identifier(OID.mgf1, hash)),
          derElement(TAG.context2, derUnsigned(Uint8Array.of(byteLength))),
        ),
      ),
    ),
  );
}

/** The certificate's signature algorithm with an ECDSA key on P-256, which is what ours has. */
export const ECDSA_SHA256 = identifier(OID.ecdsaSha256);

type Pair = readonly [key: readonly Bytes[], signature: readonly Bytes[]];
function pairs(): Pair[] {
  const pss = pssIdentifiers();
  const rsaSignatures = [OID.rsaSha256, OID.rsaSha384, OID.rsaSha512].map((oid) => identifier(oid, NULL));
  const curve = (oid: Uint8Array): Bytes[] => [identifier(OID.ecPublicKey, derElement(TAG.oid, oid))];
  return [
    [curve(P256_OID), [ECDSA_SHA256]],
    [curve(fromHex(OID.p384)), [identifier(OID.ecdsaSha384)]],
    [curve(fromHex(OID.p521)), [identifier(OID.ecdsaSha512)]],
    [[identifier(OID.ed25519)], [identifier(OID.ed25519)]],
    [[identifier(OID.rsa, NULL)], [...rsaSignatures, ...pss]],
    [[identifier(OID.pss), ...pss], pss],
  ];
}

let allowed: ReadonlySet<string> | undefined;

/** Whether a key of the one kind may have signed with the other; both are AlgorithmIdentifiers. */
export function isTlsScheme(keyAlgorithm: Uint8Array, signatureAlgorithm: Uint8Array): boolean {
  allowed ??= new Set(
    pairs().flatMap(([keys, signatures]) =>
      keys.flatMap((key) => signatures.map((signature) => `${toHex(key)}/${toHex(signature)}`)),
    ),
  );
  return allowed.has(`${toHex(keyAlgorithm)}/${toHex(signatureAlgorithm)}`);
}
