/** Certificates by another hand (`@peculiar/x509`, in this test alone): it reads ours, and we read its. */
import { webcrypto, X509Certificate } from 'node:crypto';
import { derElement, TAG } from '../../src/core/der.js';
import { generateKey, publicKeyFrom } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { seededRandom } from '../../src/testing.js';
import { signedBytes } from '../../src/transports/tls/certificate-message.js';
import { makeCertificate } from '../../src/transports/tls/own-certificate.js';
import { verifyCertificate } from '../../src/transports/tls/verify-certificate.js';

const LIBP2P_OID = '1.3.6.1.4.1.53594.1.1';
const NOW = Date.UTC(2026, 0, 15);
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const self = peerIdFrom(generateKey());

/** It wants the global `Reflect` extended first, which is why nothing but a test loads it. */
async function oracle(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as Crypto);
  return x509;
}

it.each(['Ed25519', 'secp256k1', 'ECDSA'] as const)(
  'ours for a host with a key of %s is what we say it is',
  async (type) => {
    const x509 = await oracle();
    const identity = generateKey(type);
    const read = new x509.X509Certificate(makeCertificate(identity, seededRandom(1), NOW).cert);
    expect(await read.verify({ date: new Date(NOW) })).toBe(true);
    expect(read.notBefore.getTime()).toBe(NOW - 3_600_000);
    expect(read.notAfter.getUTCFullYear()).toBeGreaterThan(2100);
    expect(read.subject).toBe(read.issuer);
    const [extension, ...others] = read.extensions;
    expect([extension?.type, extension?.critical, others.length]).toEqual([LIBP2P_OID, false, 0]);
    // SEQUENCE { OCTET STRING key, OCTET STRING signature }, each with what it begins with.
    const value = Buffer.from(extension?.value ?? new ArrayBuffer(0));
    const key = Buffer.from(identity.publicKey.bytes);
    expect(value.includes(key)).toBe(true);
    const signed = signedBytes(new Uint8Array(read.publicKey.rawData));
    const signature = value.subarray(value.indexOf(key) + key.byteLength + 2);
    expect(publicKeyFrom(key).verify(signed, signature)).toBe(true);
  },
);

it('its certificate for a key of ours is taken, and says who we are', async () => {
  const x509 = await oracle();
  const identity = generateKey();
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const value = derElement(
    TAG.sequence,
    derElement(TAG.octetString, identity.publicKey.bytes),
    derElement(TAG.octetString, identity.sign(signedBytes(spki))),
  );
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '0102',
    name: 'CN=whoever',
    notBefore: new Date(NOW - 1_000),
    notAfter: new Date(NOW + 86_400_000),
    keys: keys,
    signingAlgorithm: P256,
    extensions: [new x509.Extension(LIBP2P_OID, true, value)],
  });
  const certificate = new X509Certificate(Buffer.from(made.rawData));
  const peer = verifyCertificate(certificate, { self, expectedPeer: undefined, now: NOW });
  expect(peer.equals(peerIdFrom(identity))).toBe(true);
  const tampered = Buffer.from(made.rawData);
  tampered.writeUInt8(tampered.readUInt8(tampered.byteLength - 10) ^ 1, tampered.byteLength - 10);
  expect(() =>
    verifyCertificate(new X509Certificate(tampered), { self, expectedPeer: undefined, now: NOW }),
  ).toThrow('has not signed');
});
