import { Observable, Subscription, type Subscriber } from 'rxjs';
import { concatBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes, Duplex } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import type { PeerId, PrivateKey } from '../../core/identity.js';
import type { PartContext, Secured, SecureOptions, SecurityPart } from '../../core/parts.js';
import { peerIdFrom } from '../../core/peer-id.js';
import type { Crypto, X25519KeyPair } from '../../crypto/contract.js';
import { crypto as platformCrypto } from '../../crypto/crypto.js';
import { listenTo } from '../../rx/listen-to.js';
import { settledOf } from '../../rx/plain.js';
import { lengthOf, Opener, Sealer } from './cipher-codec.js';
import { Handshake, handshakeError } from './handshake.js';
import { NoiseDuplex } from './noise-duplex.js';
import {
  encodePayload,
  MAX_PAYLOAD_BYTES,
  selectMuxer,
  signStaticKey,
  verifyPayload,
  type Payload,
} from './payload-message.js';

/** What the handshake is made with. */
export interface NoiseOptions {
  /** Bytes that both sides must agree on. */
  readonly prologue?: Uint8Array | undefined;
  /** The static key's 32 private bytes; drawn once a host if left out. */
  readonly staticKey?: Uint8Array | undefined;
  /** The primitives; the platform's if left out. */
  readonly crypto?: Crypto | undefined;
}
const OPTIONS: readonly string[] = ['prologue', 'staticKey', 'crypto'];
const FIRST_MESSAGE_BYTES = 32;
const MAX_MESSAGE_BYTES = MAX_PAYLOAD_BYTES;

/**
 * The security protocol `/noise`: XX with Curve25519, ChaCha20-Poly1305 and SHA-256; both ends prove their peer id, and
 * the muxer is settled inside the handshake where both can. Errors: ERR_NOISE_HANDSHAKE, ERR_PEER_ID_MISMATCH,
 * ERR_DIAL_SELF, ERR_UNEXPECTED_END. Throws ERR_INVALID_OPTION.
 *
 * @source libp2p noise specification
 */
export function noise(options: NoiseOptions = {}): SecurityPart {
  for (const [name, value] of Object.entries(options)) {
    if (!OPTIONS.includes(name))
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `noise has no option "${name}" (its value: ${String(value)})`,
      );
  }
  if (options.staticKey !== undefined && options.staticKey.byteLength !== 32) {
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `noise: staticKey has ${String(options.staticKey.byteLength)} bytes; it takes 32`,
    );
  }
  return {
    kind: 'security',
    protocol: '/noise',
    create: (context) => {
      const identity = new NoiseIdentity(context, options);
      return {
        protocol: '/noise',
        secure: (duplex, secureOptions) =>
          new Observable<Secured>((subscriber) =>
            new HandshakeRun(duplex, secureOptions, identity, subscriber).begin(),
          ),
      };
    },
  };
}

/** What all handshakes of a host share: its static key and one signature over it. */
class NoiseIdentity {
  readonly self: PeerId;
  readonly crypto: Crypto;
  private key: { readonly pair: X25519KeyPair; readonly signature: Bytes } | undefined;
  private said: { readonly muxers: string; readonly payload: Bytes } | undefined;

  constructor(
    private readonly context: PartContext & { readonly privateKey: PrivateKey },
    private readonly options: NoiseOptions,
  ) {
    this.self = peerIdFrom(context.privateKey);
    this.crypto = options.crypto ?? platformCrypto;
  }

  handshake(): Handshake {
    return new Handshake(
      this.crypto,
      this.static().pair,
      this.crypto.x25519(this.context.random(32)),
      this.options.prologue ?? NO_BYTES,
    );
  }

  /** The same for every connection, as long as the muxers are. Not to be changed. */
  payload(muxers: readonly string[]): Bytes {
    const name = muxers.join('\n');
    if (this.said?.muxers !== name) {
      const payload = encodePayload(this.context.privateKey, this.static().signature, muxers);
      this.said = { muxers: name, payload };
    }
    return this.said.payload;
  }

  private static(): { readonly pair: X25519KeyPair; readonly signature: Bytes } {
    if (this.key === undefined) {
      const pair = this.crypto.x25519(this.options.staticKey ?? this.context.random(32));
      this.key = { pair, signature: signStaticKey(this.context.privateKey, pair.publicKey) };
    }
    return this.key;
  }
}

/** One handshake on one channel. */
class HandshakeRun {
  private readonly handshake: Handshake;
  private readonly reading = new Subscription();
  private held: Bytes = NO_BYTES;
  private answered = false;
  private remoteMuxers: readonly string[] = [];

  constructor(
    private readonly duplex: Duplex,
    private readonly options: SecureOptions,
    private readonly identity: NoiseIdentity,
    private readonly subscriber: Subscriber<Secured>,
  ) {
    this.handshake = identity.handshake();
  }

  /** Writes message 1 at once, so that it leaves with whatever was written before it. */
  begin(): Subscription {
    if (this.options.role === 'initiator') this.write(this.handshake.writeFirst());
    listenTo(this.duplex, this.reading, {
      next: (bytes) => {
        this.hear(bytes);
      },
      error: (error: unknown) => {
        this.subscriber.error(error);
      },
      complete: () => {
        this.subscriber.error(
          new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended during the noise handshake'),
        );
      },
    });
    return this.reading;
  }

  private hear(bytes: Bytes): void {
    if (this.subscriber.closed) return;
    this.held = this.held.byteLength === 0 ? bytes : concatBytes(this.held, bytes);
    try {
      for (let message = this.message(); message !== undefined; message = this.message()) {
        if (this.take(message)) return;
      }
    } catch (error) {
      this.subscriber.error(asError(error));
    }
  }

  /** The next whole message; a length that cannot be right is refused before its body comes. */
  private message(): Bytes | undefined {
    const [high, low] = this.held;
    if (high === undefined || low === undefined) return undefined;
    const length = high * 256 + low;
    const first = this.options.role === 'responder' && !this.answered;
    if (first && length !== FIRST_MESSAGE_BYTES)
      throw handshakeError(`a first message of ${String(length)} bytes; it has 32`);
    if (length > MAX_MESSAGE_BYTES)
      throw handshakeError(`a message of ${String(length)} bytes; ${String(MAX_MESSAGE_BYTES)} are allowed`);
    if (this.held.byteLength < 2 + length) return undefined;
    const message = this.held.subarray(2, 2 + length);
    this.held = this.held.subarray(2 + length);
    return message;
  }

  /** Whether that was the last one. */
  private take(message: Bytes): boolean {
    const { muxers } = this.options;
    if (this.options.role === 'initiator') {
      const { remotePeer } = this.verify(this.handshake.readSecond(message));
      const muxer = selectMuxer(muxers, this.remoteMuxers);
      this.write(this.handshake.writeThird(this.identity.payload(muxers)));
      this.finish(remotePeer, muxer);
      return true;
    }
    if (!this.answered) {
      this.handshake.readFirst(message);
      this.answered = true;
      this.write(this.handshake.writeSecond(this.identity.payload(muxers)));
      return false;
    }
    const { remotePeer } = this.verify(this.handshake.readThird(message));
    this.finish(remotePeer, selectMuxer(this.remoteMuxers, muxers));
    return true;
  }

  private verify(payload: Bytes): Payload {
    const { remoteStatic } = this.handshake;
    if (remoteStatic === undefined) throw handshakeError('no static key');
    const verified = verifyPayload(payload, remoteStatic, this.options.expectedPeer, this.identity.self);
    this.remoteMuxers = verified.muxers;
    return verified;
  }

  private finish(remotePeer: PeerId, muxer: string | undefined): void {
    const [initiators, responders] = this.handshake.state.split();
    const [ours, theirs] =
      this.options.role === 'initiator' ? [initiators, responders] : [responders, initiators];
    const { crypto } = this.identity;
    // The channel's next reader takes over before this one leaves, so nothing is lost in between.
    const rest = this.held.byteLength === 0 ? undefined : this.held;
    this.reading.unsubscribe();
    const duplex = new NoiseDuplex(
      settledOf(this.duplex),
      new Sealer(crypto.aead(ours)),
      new Opener(crypto.aead(theirs)),
      rest,
    );
    this.subscriber.next({ duplex, remotePeer, muxer });
    this.subscriber.complete();
  }

  private write(message: Bytes): void {
    this.duplex.sink.next(concatBytes(lengthOf(message.byteLength), message));
  }
}
