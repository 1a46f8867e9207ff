import { base16, base16upper } from 'multiformats/bases/base16';
import { base32, base32upper } from 'multiformats/bases/base32';
import { base36, base36upper } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64url } from 'multiformats/bases/base64';
import { crypto } from '../crypto/crypto.js';
import { concatBytes, equalBytes, ownBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError, quote } from './errors.js';
import type { PeerId, PrivateKey, PublicKey } from './identity.js';
import { publicKeyFrom } from './keys.js';

const IDENTITY = 0x00;
const SHA2_256 = 0x12;
/** Keys up to this length are their own hash. @source libp2p peer-ids specification, Peer Ids */
const MAX_INLINE_BYTES = 42;
const CID_PREFIX = Uint8Array.of(0x01, 0x72);
/** A CIDv1 of the longest id, in hex, has 97 characters; anything longer is refused before any base is converted. */
const MAX_TEXT_CHARS = 128;
const BASES = [base16, base16upper, base32, base32upper, base36, base36upper, base58btc, base64, base64url];

/** A peer id from its text (base58btc, or CIDv1), its multihash, or a key. Throws ERR_INVALID_PEER_ID. */
export function peerIdFrom(source: string | Uint8Array | PublicKey | PrivateKey): PeerId {
  if (typeof source === 'string') return new MultihashPeerId(parse(source), undefined);
  if (source instanceof Uint8Array) return new MultihashPeerId(checked(ownBytes(source)), undefined);
  const key = 'publicKey' in source ? source.publicKey : source;
  return new MultihashPeerId(hashOf(key.bytes), key);
}

export function isPeerId(value: unknown): value is PeerId {
  return value instanceof MultihashPeerId;
}

class MultihashPeerId implements PeerId {
  readonly bytes: Bytes;
  private readonly key: PublicKey | undefined;
  private text: string | undefined;

  constructor(bytes: Bytes, key: PublicKey | undefined) {
    this.bytes = bytes;
    this.key = key ?? (bytes[0] === IDENTITY ? inlineKey(bytes) : undefined);
  }

  get publicKey(): PublicKey | undefined {
    return this.key;
  }

  equals(other: PeerId | string): boolean {
    if (typeof other !== 'string') return equalBytes(this.bytes, other.bytes);
    return other === this.toString() || equalsText(this.bytes, other);
  }

  toString(): string {
    this.text ??= base58btc.baseEncode(this.bytes);
    return this.text;
  }

  toJSON(): string {
    return this.toString();
  }

  toCid(): string {
    return base32.encode(concatBytes(CID_PREFIX, this.bytes));
  }
}

function equalsText(bytes: Bytes, text: string): boolean {
  try {
    return equalBytes(bytes, parse(text));
  } catch {
    return false;
  }
}

function hashOf(key: Bytes): Bytes {
  const [code, digest] =
    key.byteLength <= MAX_INLINE_BYTES ? [IDENTITY, key] : [SHA2_256, crypto.sha256(key)];
  return concatBytes(Uint8Array.of(code, digest.byteLength), digest);
}

function inlineKey(bytes: Bytes): PublicKey {
  try {
    return publicKeyFrom(bytes.subarray(2));
  } catch (cause) {
    throw new Libp2pError('ERR_INVALID_PEER_ID', 'remote', 'a peer id whose inline key is none', { cause });
  }
}

function parse(text: string): Bytes {
  if (text.length > MAX_TEXT_CHARS) throw invalid(`a peer id of ${String(text.length)} characters`);
  if (text.startsWith('Qm') || text.startsWith('1'))
    return checked(decodeText(() => base58btc.baseDecode(text), text));
  const base = BASES.find(({ prefix }) => text.startsWith(prefix));
  if (base === undefined) throw invalid(`${quote(text)} is neither base58btc nor a CID`);
  const cid = decodeText(() => base.decode(text), text);
  if (!equalBytes(cid.subarray(0, CID_PREFIX.byteLength), CID_PREFIX))
    throw invalid(`${quote(text)} is not a CIDv1 of a libp2p key`);
  return checked(ownBytes(cid.subarray(CID_PREFIX.byteLength)));
}

function decodeText(decode: () => Uint8Array, text: string): Bytes {
  try {
    return ownBytes(decode());
  } catch (cause) {
    throw new Libp2pError('ERR_INVALID_PEER_ID', 'remote', `${quote(text)} is not a peer id`, { cause });
  }
}

/** A multihash of exactly its length: sha2-256, or a key of at most 42 bytes as it is. */
function checked(bytes: Bytes): Bytes {
  const [code, length] = bytes;
  const fits = length === bytes.byteLength - 2;
  const known =
    (code === SHA2_256 && length === 32) ||
    (code === IDENTITY && length !== undefined && length > 0 && length <= MAX_INLINE_BYTES);
  if (!fits || !known) throw invalid(`a multihash of ${String(bytes.byteLength)} bytes that is no peer id`);
  return bytes;
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_PEER_ID', 'remote', message);
}
