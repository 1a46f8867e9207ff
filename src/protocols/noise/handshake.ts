/**
 * The XX handshake, both roles, message by message. Sans-IO: bytes in, bytes out; keys are arguments.
 * @source Noise Protocol Framework, 7.5 (XX); libp2p noise specification
 */
import { concatBytes, equalBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';
import type { Crypto, X25519KeyPair } from '../../crypto/contract.js';
import { SymmetricState, TAG_BYTES } from './symmetric-state.js';

const KEY_BYTES = 32;
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES;

export class Handshake {
  readonly state: SymmetricState;
  remoteStatic: Bytes | undefined;
  private remoteEphemeral: Bytes | undefined;
  /** What the two ephemeral keys agree on: known as soon as the remote's was found good. */
  private agreed: Bytes | undefined;

  constructor(
    crypto: Crypto,
    private readonly staticKey: X25519KeyPair,
    private readonly ephemeralKey: X25519KeyPair,
    prologue: Uint8Array = NO_BYTES,
  ) {
    this.state = new SymmetricState(crypto, prologue);
  }

  /** Initiator: `e`, and a payload in the clear (empty in libp2p). */
  writeFirst(payload: Uint8Array = NO_BYTES): Bytes {
    this.state.mixHash(this.ephemeralKey.publicKey);
    return concatBytes(this.ephemeralKey.publicKey, this.state.encryptAndHash(payload));
  }

  /** Responder. Refuses keys of low order before anything is answered. */
  readFirst(message: Uint8Array): Bytes {
    this.takeEphemeral(message);
    return this.open(message.subarray(KEY_BYTES), 'message 1');
  }

  /** Responder: `e, ee, s, es`. */
  writeSecond(payload: Uint8Array): Bytes {
    this.state.mixHash(this.ephemeralKey.publicKey);
    this.mix(this.agreed, 'ee');
    const sealedStatic = this.state.encryptAndHash(this.staticKey.publicKey);
    this.mixAgreed(this.staticKey, this.remoteEphemeral, 'es');
    return concatBytes(this.ephemeralKey.publicKey, sealedStatic, this.state.encryptAndHash(payload));
  }

  /** Initiator: the responder's payload. */
  readSecond(message: Uint8Array): Bytes {
    this.takeEphemeral(message);
    this.mix(this.agreed, 'ee');
    const at = KEY_BYTES + SEALED_KEY_BYTES;
    this.takeStatic(message.subarray(KEY_BYTES, at), 'message 2');
    this.mixAgreed(this.ephemeralKey, this.remoteStatic, 'es');
    return this.open(message.subarray(at), 'message 2');
  }

  /** Initiator: `s, se`. */
  writeThird(payload: Uint8Array): Bytes {
    const sealedStatic = this.state.encryptAndHash(this.staticKey.publicKey);
    this.mixAgreed(this.staticKey, this.remoteEphemeral, 'se');
    return concatBytes(sealedStatic, this.state.encryptAndHash(payload));
  }

  /** Responder: the initiator's payload. */
  readThird(message: Uint8Array): Bytes {
    this.takeStatic(message.subarray(0, SEALED_KEY_BYTES), 'message 3');
    this.mixAgreed(this.ephemeralKey, this.remoteStatic, 'se');
    return this.open(message.subarray(SEALED_KEY_BYTES), 'message 3');
  }

  private takeEphemeral(message: Uint8Array): void {
    if (message.byteLength < KEY_BYTES)
      throw handshakeError(`a message of ${String(message.byteLength)} bytes, too short for a key`);
    const key = new Uint8Array(message.subarray(0, KEY_BYTES));
    this.agreed = this.ephemeralKey.agree(key);
    if (this.agreed === undefined) throw handshakeError('an ephemeral key of low order');
    if (equalBytes(key, this.ephemeralKey.publicKey)) throw handshakeError('our own ephemeral key');
    this.remoteEphemeral = key;
    this.state.mixHash(key);
  }

  private takeStatic(sealed: Uint8Array, what: string): void {
    this.remoteStatic = this.open(sealed, what);
    if (equalBytes(this.remoteStatic, this.staticKey.publicKey)) throw handshakeError('our own static key');
  }

  private open(sealed: Uint8Array, what: string): Bytes {
    const plaintext = this.state.decryptAndHash(sealed);
    if (plaintext === undefined) throw handshakeError(`${what} that does not decrypt`);
    return plaintext;
  }

  private mixAgreed(ours: X25519KeyPair, theirs: Bytes | undefined, token: string): void {
    this.mix(theirs && ours.agree(theirs), token);
  }

  private mix(secret: Bytes | undefined, token: string): void {
    if (secret === undefined) throw handshakeError(`a key of low order (${token})`);
    this.state.mixKey(secret);
  }
}

export function handshakeError(found: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_NOISE_HANDSHAKE', 'remote', `noise: the remote sent ${found}`, options);
}
