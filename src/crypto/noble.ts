/** The primitives by noble: where there is no `node:crypto`. Slower, the same results. */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { addPiece, joined } from './pieces.js';
import { ellipticCurves } from './noble-ec.js';
import { rsaVerify } from './rsa-verify.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Aead, Bytes, Crypto, Opening } from './contract.js';

const TAG_BYTES = 16;
const NOTHING = new Uint8Array(0);

/** noble gives plain arrays over buffers of their own; its types say less. */
function own(bytes: Uint8Array): Bytes {
  return bytes as Bytes;
}

class NobleAead implements Aead {
  constructor(private readonly key: Uint8Array) {}

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Bytes[] {
    const sealed = own(chacha20poly1305(this.key, nonce, aad).encrypt(joined(plaintext)));
    const end = sealed.byteLength - TAG_BYTES;
    return end === 0 ? [sealed] : [sealed.subarray(0, end), sealed.subarray(end)];
  }

  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: readonly Uint8Array[],
    tag: Uint8Array,
  ): Bytes[] | undefined {
    try {
      return [own(chacha20poly1305(this.key, nonce, aad).decrypt(joined([...ciphertext, tag])))];
    } catch {
      return undefined;
    }
  }

  opening(nonce: Uint8Array): Opening {
    const pieces: Bytes[] = [];
    const message = nonce.slice();
    return {
      push: (ciphertext) => {
        addPiece(pieces, new Uint8Array(ciphertext));
      },
      finish: (tag) => this.open(message, NOTHING, pieces, tag),
    };
  }

  sealInto(nonce: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void {
    chacha20poly1305(this.key, nonce).encrypt(plaintext, into);
  }

  openWhole(nonce: Uint8Array, sealed: Uint8Array): Bytes | undefined {
    try {
      return own(chacha20poly1305(this.key, nonce).decrypt(sealed));
    } catch {
      return undefined;
    }
  }
}

export function nobleCrypto(): Crypto {
  return {
    name: 'noble',
    sha256: (...parts) => own(sha256(joined(parts))),
    hmacSha256: (key, ...parts) => own(hmac(sha256, key, joined(parts))),
    aead: (key) => new NobleAead(key),
    x25519: (privateKey) => ({
      publicKey: own(x25519.getPublicKey(privateKey)),
      agree(remotePublicKey) {
        try {
          return own(x25519.getSharedSecret(privateKey, remotePublicKey));
        } catch {
          // noble refuses an all-zero secret by throwing.
          return undefined;
        }
      },
    }),
    ed25519PublicKey: (seed) => own(ed25519.getPublicKey(seed)),
    ed25519Sign: (seed, data) => own(ed25519.sign(data, seed)),
    ed25519Verify(publicKey, data, signature) {
      try {
        // The platform's rule (RFC 8032, cofactorless), so that both makers agree on every signature.
        return ed25519.verify(signature, data, publicKey, { zip215: false });
      } catch {
        return false;
      }
    },
    ...ellipticCurves,
    rsaVerify: (key, data, signature) => rsaVerify(key, sha256(data), signature),
  };
}
