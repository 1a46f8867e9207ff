/**
 * The primitives by `node:crypto`. The module is handed in, so that code for browsers can carry this file without
 * naming a Node module.
 */
import type * as NodeCrypto from 'node:crypto';
import type { Aead, Bytes, Crypto, Curve, Opening, X25519KeyPair } from './contract.js';
import { addPiece } from './pieces.js';
import { ellipticCurves } from './noble-ec.js';
import { MAX_SMALL_BYTES, smallCipher } from './small-cipher.js';

const TAG_BYTES = 16;
const NOTHING = new Uint8Array(0);

/** A Node Buffer as the plain array that everybody else speaks. */
function plain(buffer: Uint8Array): Bytes {
  // Node's Buffers lie over an ArrayBuffer, never over shared memory.
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

export function nodeCrypto(node: typeof NodeCrypto): Crypto {
  return {
    name: 'node',
    sha256(...parts) {
      const hash = node.createHash('sha256');
      for (const part of parts) hash.update(part);
      return plain(hash.digest());
    },
    hmacSha256(key, ...parts) {
      const hmac = node.createHmac('sha256', key);
      for (const part of parts) hmac.update(part);
      return plain(hmac.digest());
    },
    aead: (key) => new NodeAead(node, key),
    x25519: (privateKey) => x25519(node, privateKey),
    ...ed25519(node),
    ...ellipticCurves,
    ecdsaVerify: (curve, point, data, signature, lowS) =>
      ecdsaVerify(node, curve, point, data, signature) && (!lowS || ellipticCurves.hasLowS(curve, signature)),
    rsaVerify({ spki }, data, signature) {
      const key = node.createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
      return node.verify('sha256', data, key, signature);
    },
    rsa: {
      sign(pkcs1, data) {
        const key = node.createPrivateKey({ key: Buffer.from(pkcs1), format: 'der', type: 'pkcs1' });
        return plain(node.sign('sha256', data, key));
      },
      generate(bits) {
        const { privateKey } = node.generateKeyPairSync('rsa', { modulusLength: bits });
        return plain(privateKey.export({ format: 'der', type: 'pkcs1' }));
      },
    },
  };
}

function ecdsaVerify(
  node: typeof NodeCrypto,
  curve: Curve,
  point: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const half = (point.byteLength - 1) / 2;
  const jwk = {
    kty: 'EC',
    crv: curve,
    x: base64url(point.subarray(1, 1 + half)),
    y: base64url(point.subarray(1 + half)),
  };
  try {
    const key = node.createPublicKey({ key: jwk, format: 'jwk' });
    return node.verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

class NodeAead implements Aead {
  constructor(
    private readonly node: typeof NodeCrypto,
    private readonly key: Uint8Array,
  ) {}

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Bytes[] {
    const cipher = this.node.createCipheriv('chacha20-poly1305', this.key, nonce, {
      authTagLength: TAG_BYTES,
    });
    if (aad.byteLength > 0) cipher.setAAD(aad, { plaintextLength: 0 });
    const pieces: Bytes[] = [];
    for (const piece of plaintext) pieces.push(plain(cipher.update(piece)));
    cipher.final();
    pieces.push(plain(cipher.getAuthTag()));
    return pieces;
  }

  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: readonly Uint8Array[],
    tag: Uint8Array,
  ): Bytes[] | undefined {
    const decipher = this.node.createDecipheriv('chacha20-poly1305', this.key, nonce, {
      authTagLength: TAG_BYTES,
    });
    if (aad.byteLength > 0) decipher.setAAD(aad, { plaintextLength: 0 });
    decipher.setAuthTag(tag);
    const pieces: Bytes[] = [];
    for (const piece of ciphertext) pieces.push(plain(decipher.update(piece)));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return pieces;
  }

  opening(nonce: Uint8Array): Opening {
    return new NodeOpening(
      this.node.createDecipheriv('chacha20-poly1305', this.key, nonce, { authTagLength: TAG_BYTES }),
    );
  }

  sealInto(nonce: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    const small = plaintext.byteLength > MAX_SMALL_BYTES ? undefined : smallCipher();
    if (small !== undefined) {
      small.seal(this.key, nonce, plaintext, undefined, into);
      return;
    }
    let offset = 0;
    for (const piece of this.seal(nonce, NOTHING, [plaintext])) {
      into.set(piece, offset);
      offset += piece.byteLength;
    }
  }

  openWhole(nonce: Uint8Array, sealed: Uint8Array): Bytes | undefined {
    const end = sealed.byteLength - TAG_BYTES;
    const small = end > MAX_SMALL_BYTES ? undefined : smallCipher();
    if (small === undefined)
      return this.open(nonce, NOTHING, [sealed.subarray(0, end)], sealed.subarray(end))?.[0];
    const plaintext = new Uint8Array(end);
    return small.open(this.key, nonce, sealed, undefined, plaintext) === null ? undefined : plaintext;
  }
}

class NodeOpening implements Opening {
  private readonly pieces: Bytes[] = [];

  constructor(private readonly decipher: NodeCrypto.DecipherChaCha20Poly1305) {}

  push(ciphertext: Uint8Array): void {
    addPiece(this.pieces, plain(this.decipher.update(ciphertext)));
  }

  finish(tag: Uint8Array): Bytes[] | undefined {
    this.decipher.setAuthTag(tag);
    try {
      this.decipher.final();
    } catch {
      return undefined;
    }
    return this.pieces;
  }
}

/** Keys travel as JWK: DER costs more than the arithmetic. A key pair is made by importing private bytes, never generated. */
function x25519(node: typeof NodeCrypto, privateKey: Uint8Array): X25519KeyPair {
  const jwk = { kty: 'OKP', crv: 'X25519', d: base64url(privateKey), x: '' };
  const privateObject = node.createPrivateKey({ key: jwk, format: 'jwk' });
  const exported = node.createPublicKey(privateObject).export({ format: 'jwk' });
  return {
    publicKey: plain(Buffer.from(exported.x ?? '', 'base64url')),
    agree(remotePublicKey) {
      const remote = { kty: 'OKP', crv: 'X25519', x: base64url(remotePublicKey) };
      try {
        const publicKey = node.createPublicKey({ key: remote, format: 'jwk' });
        const secret = plain(node.diffieHellman({ privateKey: privateObject, publicKey }));
        return secret.every((byte) => byte === 0) ? undefined : secret;
      } catch {
        // OpenSSL refuses an all-zero secret by throwing.
        return undefined;
      }
    },
  };
}

function ed25519(
  node: typeof NodeCrypto,
): Pick<Crypto, 'ed25519PublicKey' | 'ed25519Sign' | 'ed25519Verify'> {
  const privateObject = (seed: Uint8Array): NodeCrypto.KeyObject =>
    node.createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x: '' }, format: 'jwk' });
  return {
    ed25519PublicKey(seed) {
      const exported = node.createPublicKey(privateObject(seed)).export({ format: 'jwk' });
      return plain(Buffer.from(exported.x ?? '', 'base64url'));
    },
    ed25519Sign: (seed, data) => plain(node.sign(null, data, privateObject(seed))),
    ed25519Verify(publicKey, data, signature) {
      try {
        const key = node.createPublicKey({
          key: { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey) },
          format: 'jwk',
        });
        return node.verify(null, data, key, signature);
      } catch {
        return false;
      }
    },
  };
}
