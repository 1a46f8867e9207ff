import { base16, base16upper } from 'multiformats/bases/base16';
import { base32, base32upper } from 'multiformats/bases/base32';
import { base36, base36upper } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64url } from 'multiformats/bases/base64';
import { crypto } from '../crypto/crypto.js';
import { concatBytes, equalBytes, nameOfBytes, ownBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError, quote } from './errors.js';
import type { PeerId, PrivateKey, PublicKey } from './identity.js';
import { publicKeyFrom } from './keys.js';
import { Recent } from './recent.js';

const IDENTITY = 0x00;
const SHA2_256 = 0x12;
/** Keys up to this length are their own hash. @source libp2p peer-ids specification, Peer Ids */
const MAX_INLINE_BYTES = 42;
const CID_PREFIX = Uint8Array.of(0x01, 0x72);
/** A CIDv1 of the longest id, in hex, has 97 characters; anything longer is refused before any base is converted. */
const MAX_TEXT_CHARS = 128;
const BASES = [base16, base16upper, base32, base32upper, base36, base36upper, base58btc, base64, base64url];

/** What is made of an id's text when somebody asks for it, and kept for as long as it is asked for. */
interface Reading {
  readonly bytes: Bytes;
  /** The key that the id carries; `undefined` until somebody asks. */
  key: PublicKey | undefined;
}
/** Peers that were met lately: one id for each, and what was read of it. */
const MAX_RECENT = 256;
const recent = new Recent<MultihashPeerId>(MAX_RECENT);
const readings = new Recent<Reading>(MAX_RECENT);
/** Their text by their bytes: to convert between bases is slow. */
const texts = new Recent<string>(MAX_RECENT);

/** A peer id from its text (base58btc, or CIDv1), its multihash, or a key. Throws ERR_INVALID_PEER_ID. */
export function peerIdFrom(source: string | Uint8Array | PublicKey | PrivateKey): PeerId {
  if (typeof source === 'string') return recent.get(source) ?? idOf(parse(source), undefined);
  if (source instanceof Uint8Array) return idOf(checked(ownBytes(source)), undefined);
  const key = 'publicKey' in source ? source.publicKey : source;
  return idOf(hashOf(key.bytes), key);
}

export function isPeerId(value: unknown): value is PeerId {
  return value instanceof MultihashPeerId;
}

/** Whether `publicKey` is there, without making it. */
export function hasKey(peer: PeerId): boolean {
  return peer instanceof MultihashPeerId ? peer.hasKey : peer.publicKey !== undefined;
}

/** The bytes of its key, where it has one: an id that carries its key has two of its own in front. */
export function keyBytesOf(peer: PeerId): number {
  if (!hasKey(peer)) return 0;
  return peer.bytes[0] === IDENTITY ? peer.bytes.byteLength - 2 : (peer.publicKey?.bytes.byteLength ?? 0);
}

function idOf(bytes: Bytes, key: PublicKey | undefined): MultihashPeerId {
  const text = textOf(bytes);
  const isInline = bytes[0] === IDENTITY;
  // What one was told of a key, another is not.
  if (!isInline && key !== undefined) return new MultihashPeerId(text, key);
  const known = recent.get(text);
  if (known !== undefined) return known;
  // Looked at before the id is anybody's: one whose key is none is no id.
  readings.set(text, { bytes, key: isInline ? (key ?? inlineKey(bytes)) : undefined });
  const made = new MultihashPeerId(text, undefined);
  recent.set(text, made);
  return made;
}

function textOf(bytes: Bytes): string {
  const name = nameOfBytes(bytes);
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = base58btc.baseEncode(bytes);
  texts.set(name, text);
  return text;
}

/** Its text, by which it is compared; the rest is made of that, for there may be ten thousand. */
class MultihashPeerId implements PeerId {
  constructor(
    private readonly text: string,
    /** One that the id does not carry. */
    private readonly told: PublicKey | undefined,
  ) {}

  get bytes(): Bytes {
    return this.reading.bytes;
  }

  get publicKey(): PublicKey | undefined {
    if (this.told !== undefined || !this.hasKey) return this.told;
    const { reading } = this;
    reading.key ??= inlineKey(reading.bytes);
    return reading.key;
  }

  get hasKey(): boolean {
    // In base58 a first byte of zero is a 1.
    return this.told !== undefined || this.text.startsWith('1');
  }

  equals(other: PeerId | string): boolean {
    if (other instanceof MultihashPeerId) return other.text === this.text;
    if (typeof other !== 'string') return equalBytes(this.bytes, other.bytes);
    return other === this.text || equalsText(this.bytes, other);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  toCid(): string {
    return base32.encode(concatBytes(CID_PREFIX, this.bytes));
  }

  private get reading(): Reading {
    const known = readings.get(this.text);
    if (known !== undefined) return known;
    const reading = { bytes: ownBytes(base58btc.baseDecode(this.text)), key: undefined };
    readings.set(this.text, reading);
    return reading;
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
