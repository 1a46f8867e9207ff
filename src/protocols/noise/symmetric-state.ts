/** The hash, the chaining key and the cipher key of a Noise handshake. @source Noise Protocol Framework, 5.2 */
import { concatBytes, NO_BYTES, utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import type { Crypto } from '../../crypto/contract.js';

/** Exactly 32 bytes, so that it is its own first hash. */
const PROTOCOL_NAME = utf8('Noise_XX_25519_ChaChaPoly_SHA256');
export const TAG_BYTES = 16;

export class SymmetricState {
  hash: Bytes;
  chainingKey: Bytes = PROTOCOL_NAME;
  key: Bytes | undefined;
  private nonce = 0;

  constructor(
    private readonly crypto: Crypto,
    prologue: Uint8Array,
  ) {
    this.hash = crypto.sha256(PROTOCOL_NAME, prologue);
  }

  mixHash(data: Uint8Array): void {
    this.hash = this.crypto.sha256(this.hash, data);
  }

  mixKey(secret: Uint8Array): void {
    [this.chainingKey, this.key] = this.expand(secret);
    this.nonce = 0;
  }

  encryptAndHash(plaintext: Uint8Array): Bytes {
    const sealed =
      this.key === undefined
        ? new Uint8Array(plaintext)
        : concatBytes(...this.crypto.aead(this.key).seal(this.nextNonce(), this.hash, [plaintext]));
    this.mixHash(sealed);
    return sealed;
  }

  /** The plaintext, or `undefined` if it was not sealed with this state. */
  decryptAndHash(sealed: Uint8Array): Bytes | undefined {
    const end = sealed.byteLength - TAG_BYTES;
    if (this.key === undefined) {
      this.mixHash(sealed);
      return new Uint8Array(sealed);
    }
    if (end < 0) return undefined;
    const pieces = this.crypto
      .aead(this.key)
      .open(this.nextNonce(), this.hash, [sealed.subarray(0, end)], sealed.subarray(end));
    this.mixHash(sealed);
    return pieces && concatBytes(...pieces);
  }

  /** The two transport keys: the initiator's, then the responder's. */
  split(): readonly [Bytes, Bytes] {
    return this.expand(NO_BYTES);
  }

  /** HKDF with two outputs, as two HMACs. */
  private expand(secret: Uint8Array): [Bytes, Bytes] {
    const temporary = this.crypto.hmacSha256(this.chainingKey, secret);
    const first = this.crypto.hmacSha256(temporary, Uint8Array.of(1));
    return [first, this.crypto.hmacSha256(temporary, first, Uint8Array.of(2))];
  }

  private nextNonce(): Bytes {
    const nonce = new Uint8Array(12);
    nonce[4] = this.nonce;
    this.nonce += 1;
    return nonce;
  }
}
