import type { Bytes } from './duplex.js';

export type KeyType = 'Ed25519' | 'secp256k1' | 'ECDSA' | 'RSA';
/** A public key. `bytes` is the canonical protobuf (type, then data), which peer ids are made of. @source wire sheet 1.4; libp2p peer-ids specification, Keys */
export interface PublicKey {
  readonly type: KeyType;
  readonly bytes: Bytes;
  /** Whether `signature` is this key's over `data`; a malformed signature is `false`, never a throw. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
  equals(other: PublicKey): boolean;
}
/** A private key. `bytes` is the canonical protobuf, fit for storing. */
export interface PrivateKey {
  readonly type: KeyType;
  readonly publicKey: PublicKey;
  readonly bytes: Bytes;
  sign(data: Uint8Array): Bytes;
}
/** Who a peer is: a multihash of its public key. Equality is byte equality. @source libp2p peer-ids specification */
export interface PeerId {
  readonly bytes: Bytes;
  /** Present where the id carries its key (Ed25519, secp256k1) or it was made of one. */
  readonly publicKey?: PublicKey | undefined;
  equals(other: PeerId | string): boolean;
  /** base58btc of the multihash. */
  toString(): string;
  toJSON(): string;
  /** CIDv1, codec libp2p-key, base32. */
  toCid(): string;
}
/** Exactly `byteLength` unpredictable bytes. */
export type RandomSource = (byteLength: number) => Uint8Array;
