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
  /** As `seal` without associated data, for small messages: ciphertext and tag go into `into`, which is 16 bytes longer than `plaintext`. */
  sealInto(nonce: Uint8Array, plaintext: Uint8Array, into: Uint8Array): void;
  /** Opens one message without associated data whose ciphertext comes in pieces. */
  opening(nonce: Uint8Array): Opening;
  /** As `open` without associated data, of ciphertext and tag in one. */
  openWhole(nonce: Uint8Array, sealed: Uint8Array): Bytes | undefined;
}
/** One message on its way to being opened: what is given to it may be overwritten as soon as it returns. */
export interface Opening {
  push(ciphertext: Uint8Array): void;
  /** All plaintext, in order; `undefined` if the tag does not fit. */
  finish(tag: Uint8Array): Bytes[] | undefined;
}
export interface X25519KeyPair {
  readonly publicKey: Bytes;
  /** The shared secret with a 32-byte public key; `undefined` for a low-order point (all-zero secret). @source RFC 7748, 6.1 */
  agree(remotePublicKey: Uint8Array): Bytes | undefined;
}
/** Short Weierstrass curves, by their field's names; always with SHA-256 here. */
export type Curve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1';

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
  /** A compressed or uncompressed point, as its two coordinates' bytes `04 x y`; `undefined` if it is not on the curve. */
  ecPoint(curve: Curve, point: Uint8Array, compressed: boolean): Bytes | undefined;
  /** The uncompressed point of a scalar; `undefined` if the scalar is out of range. */
  ecPublicKey(curve: Curve, scalar: Uint8Array): Bytes | undefined;
  /** r and s, fixed width, low s. */
  ecdsaSign(curve: Curve, scalar: Uint8Array, data: Uint8Array): Bytes;
  /** `signature` is r and s, fixed width; `point` is uncompressed. */
  ecdsaVerify(
    curve: Curve,
    point: Uint8Array,
    data: Uint8Array,
    signature: Uint8Array,
    lowS: boolean,
  ): boolean;
  /** RSASSA-PKCS1-v1_5 with SHA-256. `spki` has been examined: 2048 to 8192 bits. */
  rsaVerify(key: RsaPublicNumbers, data: Uint8Array, signature: Uint8Array): boolean;
  /** Missing where the platform cannot: RSA keys are made and used with `node:crypto` only. */
  readonly rsa?: {
    sign(pkcs1: Uint8Array, data: Uint8Array): Bytes;
    /** PKCS#1 DER of a new key. */
    generate(bits: number): Bytes;
  };
}
export interface RsaPublicNumbers {
  readonly modulus: Bytes;
  readonly exponent: Bytes;
  /** SubjectPublicKeyInfo DER of the same. */
  readonly spki: Bytes;
}
