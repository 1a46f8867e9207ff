import type { Bytes } from './duplex.js';

/** The kinds of key that peers may have. @source libp2p peer-ids specification, Key Types */
export type KeyType = 'Ed25519' | 'secp256k1' | 'ECDSA' | 'RSA';
/** A public key. `bytes` is the canonical protobuf (type, then data), which peer ids are made of. @source wire sheet 1.4; libp2p peer-ids specification, Keys */
export interface PublicKey {
  /** Its kind. */
  readonly type: KeyType;
  /** The canonical protobuf. */
  readonly bytes: Bytes;
  /** Whether `signature` is this key's over `data`; a malformed signature is `false`, never a throw. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
  /** Whether it is the same key, by its bytes. */
  equals(other: PublicKey): boolean;
}
/** A private key. `bytes` is the canonical protobuf, fit for storing. */
export interface PrivateKey {
  /** Its kind. */
  readonly type: KeyType;
  /** The other half. */
  readonly publicKey: PublicKey;
  /** The canonical protobuf: a secret. */
  readonly bytes: Bytes;
  /** A signature of this key over `data`. */
  sign(data: Uint8Array): Bytes;
}
/** Who a peer is: a multihash of its public key. Equality is byte equality. @source libp2p peer-ids specification */
export interface PeerId {
  /** The multihash. */
  readonly bytes: Bytes;
  /** Present where the id carries its key (Ed25519, secp256k1) or it was made of one. */
  readonly publicKey?: PublicKey | undefined;
  /** Whether it is the same peer; text that is no peer id is not. */
  equals(other: PeerId | string): boolean;
  /** base58btc of the multihash. */
  toString(): string;
  /** As `toString`. */
  toJSON(): string;
  /** CIDv1, codec libp2p-key, base32. */
  toCid(): string;
}
/** Exactly `byteLength` unpredictable bytes. */
export type RandomSource = (byteLength: number) => Uint8Array;
