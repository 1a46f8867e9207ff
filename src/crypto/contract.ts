/**
 * The primitives that the package stands on, as one interface with two makers: `node:crypto` where the platform has it,
 * noble elsewhere. Both are tested on the same vectors. All functions are synchronous.
 */
export type Bytes = Uint8Array<ArrayBuffer>;

/** One direction of a ChaCha20-Poly1305 channel. @source RFC 8439 */
export interface Aead {
  /** Ciphertext pieces, then the 16-byte tag as last piece. `nonce` is 12 bytes. Pieces may be as many as went in, or fewer. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Bytes[];
  /** Plaintext pieces, or `undefined` if the tag does not fit. Nothing unauthenticated ever leaves. */
  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: readonly Uint8Array[],
    tag: Uint8Array,
  ): Bytes[] | undefined;
}
export interface X25519KeyPair {
  readonly publicKey: Bytes;
  /** The shared secret with a 32-byte public key; `undefined` for a low-order point (all-zero secret). @source RFC 7748, 6.1 */
  agree(remotePublicKey: Uint8Array): Bytes | undefined;
}
export type Curve = 'P-256' | 'P-384' | 'P-521';

export interface Crypto {
  readonly name: 'node' | 'noble';
  sha256(...parts: readonly Uint8Array[]): Bytes;
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes;
  aead(key: Uint8Array): Aead;
  /** A key pair from 32 private bytes. */
  x25519(privateKey: Uint8Array): X25519KeyPair;
  ed25519PublicKey(seed: Uint8Array): Bytes;
  ed25519Sign(seed: Uint8Array, data: Uint8Array): Bytes;
  ed25519Verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean;
}
