/** One peer, as the store has it. */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes } from '../core/duplex.js';
import type { PeerId } from '../core/identity.js';
import { keyBytesOf, peerIdFrom } from '../core/peer-id.js';
import { ADDR_TTL, METADATA, type PeerRecord } from '../core/peer-store-contract.js';
import { SmallMap } from '../core/small-map.js';
import type { Expiring } from '../core/expiry-heap.js';
import { NO_METADATA, NO_TAGS, packed, unpacked } from './shared.js';

const NONE: readonly string[] = [];

export interface AddrEntry extends Expiring {
  readonly peer: PeerEntry;
  readonly key: string;
  readonly addr: Multiaddr;
  /** As it was given: classes are told apart by it. @source PS-8 */
  ttlMs: number;
  certified: boolean;
}
export class KnownRecord {
  private readonly packed: string;

  constructor(
    envelope: Bytes,
    readonly seq: bigint,
  ) {
    this.packed = packed(envelope);
  }

  get envelope(): Bytes {
    return unpacked(this.packed);
  }
  get byteLength(): number {
    return this.packed.length;
  }
}

export class PeerEntry {
  readonly addrs = new SmallMap<string, AddrEntry>();
  /** These three are never written, but replaced: equal ones are one. */
  protocols: readonly string[] = NONE;
  tags = NO_TAGS;
  metadata = NO_METADATA;
  rttMs: number | undefined;
  /** Whether somebody told its public key, which its id does not carry. */
  hasToldKey = false;
  /** Only while there is an address. @source PS-36 */
  record: KnownRecord | undefined;
  /** As counted last: what `bytesOf` said, and whether there was a record. */
  countedBytes = 0;
  countedRecords = 0;
  /** As long as somebody has it; made anew for whoever asks later. */
  private snapshot: WeakRef<PeerRecord> | undefined;
  private snapshotUntil = Infinity;

  constructor(
    readonly key: string,
    /** With its public key, where that is known. */
    public peerId: PeerId,
  ) {}

  /** The same object until something changes or expires. */
  recordAt(now: number): PeerRecord | undefined {
    const known = this.snapshotUntil <= now ? undefined : this.snapshot?.deref();
    return known ?? this.snapshotAt(now);
  }

  changed(): void {
    this.snapshot = undefined;
  }

  /** Whether nothing is known beyond its name. */
  get isEmpty(): boolean {
    return this.addrs.size === 0 && this.hasNoFacts;
  }

  /** A connection's address, or one for ever: not for others to push out. */
  get stays(): boolean {
    for (const entry of this.addrs.values()) if (isStaying(entry)) return true;
    return false;
  }

  /** Of what was learned by talking to it. Says whether there was anything. @source PS-48 */
  forget(): boolean {
    const { protocols, rttMs, hasToldKey, metadata } = this;
    const kept = new Map(metadata);
    const noted = Object.values(METADATA).filter((name) => kept.delete(name));
    this.metadata = kept.size === 0 ? NO_METADATA : kept;
    this.protocols = NONE;
    this.rttMs = undefined;
    this.hasToldKey = false;
    // Without a key that it does not carry.
    this.peerId = peerIdFrom(this.peerId.bytes);
    return protocols.length > 0 || rttMs !== undefined || hasToldKey || noted.length > 0;
  }

  private get hasNoFacts(): boolean {
    const { protocols, tags, metadata, rttMs, hasToldKey } = this;
    const isBare = protocols.length === 0 && tags.size === 0 && metadata.size === 0;
    return isBare && rttMs === undefined && !hasToldKey;
  }

  private snapshotAt(now: number): PeerRecord | undefined {
    const live = [...this.addrs.values()].filter(({ expiresAt }) => expiresAt > now);
    const until = Math.min(Infinity, ...live.map(({ expiresAt }) => expiresAt));
    if (live.length === 0 && this.hasNoFacts) return undefined;
    const record = {
      peerId: this.peerId,
      addrs: live.map(({ addr, certified, expiresAt }) => ({ addr, certified, expiresAt })),
      protocols: this.protocols,
      tags: this.tags,
      metadata: this.metadata,
      rttMs: this.rttMs,
    };
    this.snapshot = new WeakRef(record);
    this.snapshotUntil = until;
    return record;
  }
}

/** Connected or permanent. @source PS-7 */
export function isStaying({ ttlMs }: { readonly ttlMs: number }): boolean {
  return ttlMs >= ADDR_TTL.connected;
}

/** Two bytes a character: what a string may take. */
export function bytesOf(entry: PeerEntry): number {
  const chars = [...entry.protocols, ...entry.metadata.keys(), ...entry.tags.keys()];
  let bytes = chars.reduce((sum, { length }) => sum + 2 * length, 0);
  for (const { byteLength } of entry.metadata.values()) bytes += byteLength;
  return bytes + (entry.record?.byteLength ?? 0) + keyBytesOf(entry.peerId);
}
