/**
 * One peer as a datastore keeps it: a version, a checksum, and a protobuf message. A record that was torn, that somebody
 * else wrote, or that a later version wrote, is told apart from one that holds. Expiry is by the wall clock here.
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { concatBytes, equalBytes, NO_BYTES, ownBytes } from '../core/bytes.js';
import type { Bytes } from '../core/duplex.js';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { publicKeyFrom } from '../core/keys.js';
import { parseMultiaddr } from '../core/multiaddr.js';
import { peerIdFrom } from '../core/peer-id.js';
import { readPeerRecord } from '../core/peer-record.js';
import { ADDR_TTL } from '../core/peer-store-contract.js';
import { crypto } from '../crypto/crypto.js';
import { StoredAddr, StoredMetadata, StoredPeerMessage, StoredTag } from '../generated/stored-peer.js';
import { KnownRecord, type AddrEntry, type PeerEntry } from './peer-entry.js';

const VERSION = 1;
const CHECKSUM_BYTES = 8;
/** All that the bounds of one peer allow take about 500 KiB; what is larger is not looked at. */
export const MAX_STORED_BYTES = 1024 * 1024;

interface StoredAddress {
  readonly addr: Multiaddr;
  readonly ttlMs: number;
  /** 0 or less: it has expired. */
  readonly leftMs: number;
  readonly certified: boolean;
}
export interface StoredPeer {
  readonly peerId: PeerId;
  readonly addrs: readonly StoredAddress[];
  readonly protocols: readonly string[];
  readonly metadata: ReadonlyMap<string, Bytes>;
  readonly tags: ReadonlyMap<string, number>;
  readonly record: KnownRecord | undefined;
  readonly hasToldKey: boolean;
  readonly rttMs: number | undefined;
}
/** The clocks at one moment, ms. */
export interface Moment {
  readonly now: number;
  readonly wallClock: number;
}

export function encodeStoredPeer(entry: PeerEntry, at: Moment): Bytes {
  const { peerId, protocols, metadata, tags, record, hasToldKey, rttMs } = entry;
  const message = ownBytes(
    StoredPeerMessage.encode({
      peerId: peerId.bytes,
      addrs: [...entry.addrs.values()].map((addr) => encodeAddr(addr, at)),
      protocols: [...protocols],
      metadata: [...metadata].map(([key, value]) => ownBytes(StoredMetadata.encode({ key, value }))),
      tags: [...tags].map(([name, value]) => ownBytes(StoredTag.encode({ name, value }))),
      ...(record === undefined ? {} : { envelope: record.envelope }),
      ...(hasToldKey && peerId.publicKey !== undefined ? { publicKey: peerId.publicKey.bytes } : {}),
      ...(rttMs === undefined ? {} : { rttMs }),
    }),
  );
  return concatBytes(Uint8Array.of(VERSION), checksum(message), message);
}

/** Throws ERR_STORE. */
export function decodeStoredPeer(bytes: Uint8Array, wallClock: number): StoredPeer {
  if (bytes.byteLength > MAX_STORED_BYTES)
    throw unreadable(`${String(bytes.byteLength)} bytes; ${String(MAX_STORED_BYTES)} are allowed`);
  if (bytes[0] !== VERSION) throw unreadable(`version ${String(bytes[0] ?? 'none')}, not ${String(VERSION)}`);
  const message = bytes.subarray(1 + CHECKSUM_BYTES);
  if (!equalBytes(bytes.subarray(1, 1 + CHECKSUM_BYTES), checksum(message)))
    throw unreadable('torn, or not ours: its checksum does not fit');
  try {
    return readMessage(message, wallClock);
  } catch (cause) {
    throw unreadable('its content cannot be read', { cause });
  }
}

function encodeAddr({ addr, ttlMs, expiresAt, certified }: AddrEntry, at: Moment): Bytes {
  const time =
    ttlMs === Infinity
      ? {}
      : ttlMs === ADDR_TTL.connected
        ? { connected: true }
        : endOf(ttlMs, expiresAt, at);
  return ownBytes(StoredAddr.encode({ multiaddr: ownBytes(addr.bytes), certified, ...time }));
}

function endOf(
  ttlMs: number,
  expiresAt: number,
  { now, wallClock }: Moment,
): Pick<StoredAddr, 'ttlMs' | 'expiresAt'> {
  return { ttlMs, expiresAt: wallClock + (expiresAt - now) };
}

function readMessage(bytes: Uint8Array, wallClock: number): StoredPeer {
  const { addrs, protocols, rttMs, envelope, publicKey, ...message } = StoredPeerMessage.decode(
    ownBytes(bytes),
  );
  const id = peerIdFrom(message.peerId ?? NO_BYTES);
  const told = publicKey === undefined ? undefined : peerIdFrom(publicKeyFrom(publicKey));
  const metadata = message.metadata.map((item) => StoredMetadata.decode(item));
  const tags = message.tags.map((item) => StoredTag.decode(item));
  return {
    peerId: told?.equals(id) === true ? told : id,
    addrs: addrs.flatMap((item) => readAddr(StoredAddr.decode(item), wallClock) ?? []),
    protocols,
    metadata: new Map(metadata.map(({ key = '', value = NO_BYTES }) => [key, value])),
    tags: new Map(tags.map(({ name = '', value = 0 }) => [name, value])),
    record: envelope === undefined ? undefined : readRecord(envelope, id),
    hasToldKey: told?.equals(id) === true,
    rttMs,
  };
}

/**
 * Nobody is connected when a store is opened: what was connected has been so recently. A wall clock that was set back in
 * between prolongs nothing beyond the TTL that was given (F17).
 */
function readAddr(
  { multiaddr, ttlMs, expiresAt, connected, certified = false }: StoredAddr,
  wallClock: number,
): StoredAddress | undefined {
  const addr = parsed(multiaddr);
  if (addr === undefined) return undefined;
  const recently = ADDR_TTL.recentlyConnected;
  if (connected === true) return { addr, ttlMs: recently, leftMs: recently, certified };
  if (ttlMs === undefined || expiresAt === undefined)
    return { addr, ttlMs: Infinity, leftMs: Infinity, certified };
  return { addr, ttlMs, leftMs: Math.min(expiresAt - wallClock, ttlMs), certified };
}

/** An address that this version cannot read costs itself. */
function parsed(bytes: Uint8Array | undefined): Multiaddr | undefined {
  try {
    return bytes === undefined ? undefined : parseMultiaddr(bytes);
  } catch {
    return undefined;
  }
}

function readRecord(envelope: Bytes, peerId: PeerId): KnownRecord | undefined {
  const record = readPeerRecord(envelope);
  return record.peerId.equals(peerId) ? new KnownRecord(envelope, record.seq) : undefined;
}

function checksum(message: Uint8Array): Bytes {
  return crypto.sha256(message).slice(0, CHECKSUM_BYTES);
}

function unreadable(what: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_STORE', 'local', `a stored peer: ${what}`, options);
}
