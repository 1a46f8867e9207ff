import { createPublicKey, verify as edVerify, X509Certificate } from 'node:crypto';
import { fromHex, toHex } from '../../src/core/bytes.js';
import { generateKey } from '../../src/core/keys.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { seededRandom } from '../../src/testing.js';
import { readCertificate, signedBytes } from '../../src/transports/tls/certificate-message.js';
import { makeCertificate } from '../../src/transports/tls/own-certificate.js';
import { isTlsScheme } from '../../src/transports/tls/signature-schemes.js';
import { verifyCertificate } from '../../src/transports/tls/verify-certificate.js';
import { messageThrownBy, vectors } from '../support/vectors.js';

interface TlsVectors {
  extensionOidDerHex: string;
  signaturePrefix: string;
  certificates: {
    name: string;
    derHex: string;
    valid: boolean;
    failure?: string;
    peerId: string;
    notBefore: string;
    notAfter: string;
    hostPublicKeyProtobufHex: string;
    hostSignatureHex: string;
    subjectPublicKeyInfoHex: string;
    signedDataHex: string;
  }[];
  signatureSchemeCertificates: { name: string; derHex: string; nodeCrypto: { notAfter: string } }[];
}
const file = vectors<TlsVectors>('tls');
const self = peerIdFrom(generateKey());
const NOW = Date.UTC(2025, 5, 1);
const verify = (der: Uint8Array, now = NOW, expectedPeer = undefined as string | undefined): string =>
  verifyCertificate(new X509Certificate(der), {
    self,
    now,
    expectedPeer: expectedPeer === undefined ? undefined : peerIdFrom(expectedPeer),
  }).toString();

it('consumes the whole vector file', () => {
  expect([file.certificates.length, file.signatureSchemeCertificates.length]).toEqual([4, 10]);
  expect(file.certificates.filter(({ valid }) => valid)).toHaveLength(3);
});

describe.each(file.certificates)('$name', (vector) => {
  const der = fromHex(vector.derHex);

  it('is read as the specification has it', () => {
    const { publicKey, notBefore, notAfter, extension } = readCertificate(der);
    expect({
      key: toHex(publicKey),
      signed: toHex(signedBytes(publicKey)),
      identity: toHex(extension.identityKey),
      signature: toHex(extension.signature),
      from: new Date(notBefore).toISOString(),
      to: new Date(notAfter).toISOString(),
    }).toEqual({
      key: vector.subjectPublicKeyInfoHex,
      signed: vector.signedDataHex,
      identity: vector.hostPublicKeyProtobufHex,
      signature: vector.hostSignatureHex,
      from: vector.notBefore,
      to: vector.notAfter,
    });
  });

  it(vector.valid ? 'proves its peer id' : 'is refused, and proves nothing', () => {
    if (vector.valid) expect(verify(der)).toBe(vector.peerId);
    else expect(messageThrownBy(() => verify(der))).toContain('not signed by the identity');
  });

  it('is refused from another peer than the one that was dialed (T13)', () => {
    if (!vector.valid) return;
    expect(verify(der, NOW, vector.peerId)).toBe(vector.peerId);
    expect(messageThrownBy(() => verify(der, NOW, self.toString()))).toContain('peer id mismatch');
  });

  it('is refused before and after its time', () => {
    const [from, to] = [Date.parse(vector.notBefore), Date.parse(vector.notAfter)];
    expect(messageThrownBy(() => verify(der, from - 1))).toContain('is not valid yet, but from 1975-01-01');
    expect(messageThrownBy(() => verify(der, to + 1))).toContain('expired on 4096-01-01');
  });
});

/** The note in the file says that none of them passes; of this one, the identity's signature is good by `node:crypto` too. */
const SOUND = 'rsa_pss_sha384';

describe('signature schemes of TLS 1.3', () => {
  const NONE = ['ed448', 'nistp384_sha256'];

  it.each(file.signatureSchemeCertificates)('$name', ({ name, derHex }) => {
    const der = fromHex(derHex);
    const { keyAlgorithm, signatureAlgorithm } = readCertificate(der);
    expect(isTlsScheme(keyAlgorithm, signatureAlgorithm)).toBe(!NONE.includes(name));
  });

  it.each(file.signatureSchemeCertificates.filter(({ name }) => name !== SOUND))(
    '$name does not pass as a whole',
    ({ name, derHex, nodeCrypto }) => {
      const der = fromHex(derHex);
      const until = Date.parse(nodeCrypto.notAfter);
      expect(messageThrownBy(() => verify(der, until + 1))).toContain('expired on');
      expect(messageThrownBy(() => verify(der, until))).toContain(
        NONE.includes(name) ? 'not of a kind that TLS 1.3 has' : 'not signed by the identity',
      );
    },
  );
});

it(`${SOUND} is sound, with a key and a signature that no other certificate here has`, () => {
  const { derHex } = file.signatureSchemeCertificates.find(({ name }) => name === SOUND)!;
  const x509 = new X509Certificate(fromHex(derHex));
  const { extension } = readCertificate(x509.raw);
  const signed = Buffer.concat([
    Buffer.from(file.signaturePrefix),
    x509.publicKey.export({ format: 'der', type: 'spki' }),
  ]);
  const identity = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(extension.identityKey.slice(4)).toString('base64url') },
    format: 'jwk',
  });
  expect(edVerify(null, signed, identity, extension.signature)).toBe(true);
  expect(verify(x509.raw)).toBe('12D3KooWNhaaRyBfd97qvv1Fdw7Mvng1rh5KrW8PRaMMioz4NNno');
  expect(messageThrownBy(() => verify(x509.raw, Date.UTC(2122, 0)))).toContain('expired on');
});

describe('our own certificate', () => {
  const KINDS = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const;
  it.each(KINDS)('proves a host with a key of %s', (kind) => {
    const key = generateKey(kind);
    const { cert } = makeCertificate(key, seededRandom(kind), NOW);
    expect(verify(new X509Certificate(cert).raw)).toBe(peerIdFrom(key).toString());
  });

  it('is one of version 3 from an hour ago to a hundred years on, with the extension first and not critical (WIRE-23)', () => {
    const made = makeCertificate(generateKey(), seededRandom(1), NOW);
    const x509 = new X509Certificate(made.cert);
    const text = toHex(x509.raw);
    expect(x509.checkIssued(x509)).toBe(true);
    expect(x509.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect([new Date(x509.validFrom).getTime(), new Date(x509.validTo).getUTCFullYear()]).toEqual([
      NOW - 3_600_000,
      2125,
    ]);
    // [3] { SEQUENCE { SEQUENCE { the id, and at once the value's OCTET STRING.
    expect(text).toMatch(new RegExp(`a37c307a3078${file.extensionOidDerHex}046a`));
    expect(BigInt(`0x${x509.serialNumber}`)).toBeGreaterThan(0n);
  });

  it('is the same for the same chance, and another for another, as its key is', () => {
    const key = generateKey();
    const serial = (seed: number): string =>
      new X509Certificate(makeCertificate(key, seededRandom(seed), NOW).cert).serialNumber;
    const ofKey = (seed: number): string => makeCertificate(key, seededRandom(seed), NOW).key;
    expect([serial(1), ofKey(1)]).toEqual([serial(1), ofKey(1)]);
    expect([serial(1) === serial(2), ofKey(1) === ofKey(2)]).toEqual([false, false]);
  });

  it('is well formed whatever its length and its signature are', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const key = generateKey('Ed25519', { random: seededRandom(seed) });
      const { cert } = makeCertificate(key, seededRandom(seed), NOW);
      expect(cert).not.toMatch(/\n\n/);
      expect(verify(new X509Certificate(cert).raw)).toBe(peerIdFrom(key).toString());
    }
  });

  it('of this host itself is no one else’s', () => {
    const key = generateKey();
    const raw = new X509Certificate(makeCertificate(key, seededRandom(1), NOW).cert);
    expect(() =>
      verifyCertificate(raw, { self: peerIdFrom(key), expectedPeer: undefined, now: NOW }),
    ).toThrow('this host itself');
  });
});
