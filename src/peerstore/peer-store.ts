/** What a host remembers of its peers: the public face, and what each call does to one peer. */
import type { Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { equalBytes, ownBytes } from '../core/bytes.js';
import type { Bytes } from '../core/duplex.js';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { PeerId, PublicKey } from '../core/identity.js';
import { peerIdFrom } from '../core/peer-id.js';
import { openPeerRecord, type PeerRecordFields } from '../core/peer-record.js';
import {
  METADATA,
  type HostPeerStore,
  type PeerRecord,
  type StoreClocks,
} from '../core/peer-store-contract.js';
import { settle } from '../promises/settle.js';
import { tombstone } from './backing.js';
import { averageRtt, checkedTtl, idOf, keptProtocols, ownAddrs } from './given.js';
import { MAX_NAME_CHARS, type PeerStoreLimits } from './limits.js';
import type { PeerEntry } from './peer-entry.js';
import { NO_TAGS, type Shared } from './shared.js';
import type { StoreCore } from './store-core.js';
import type { PeerChange } from './store-news.js';

export class MemoryPeerStore implements HostPeerStore {
  private closing: Promise<void> | undefined;

  constructor(private readonly core: StoreCore) {}

  // ── what is known ──────────────────────────────────────────────────────────────────────────────────────────────────
  get change$(): Observable<PeerChange> {
    return this.core.news.change$;
  }
  get warning$(): Observable<Error> {
    return this.core.news.warning$;
  }
  get peers(): readonly PeerId[] {
    const { core } = this;
    return [...core.known].filter((entry) => core.recordOf(entry) !== undefined).map(({ peerId }) => peerId);
  }

  get(peer: PeerId | string): PeerRecord | undefined {
    return this.core.recordOf(this.core.find(peer));
  }

  watch(peer: PeerId | string): Observable<PeerRecord | undefined> {
    const key = idOf(peer).toString();
    return this.core.news.watch(key, () => this.core.recordOf(this.core.known.get(key)));
  }

  recordOf(peer: PeerId | string): Uint8Array | undefined {
    const entry = this.core.find(peer);
    // What has expired may still be there. @source PS-35
    const hasAddr = (this.core.recordOf(entry)?.addrs.length ?? 0) > 0;
    return hasAddr ? entry?.record?.envelope : undefined;
  }

  // ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────────────
  addAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void {
    checkedTtl(ttlMs);
    this.writeAddrs(peer, addrs, (entry, own, now) => this.core.book.add(entry, own, ttlMs, now));
  }

  setAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void {
    checkedTtl(ttlMs);
    this.writeAddrs(peer, addrs, (entry, own, now) => this.core.book.set(entry, own, ttlMs, now));
  }

  updateTtl(peer: PeerId | string, fromMs: number, toMs: number): void {
    checkedTtl(toMs);
    this.core.write(peer, (entry, now) => this.core.book.update(entry, fromMs, toMs, now));
  }

  clearAddrs(peer: PeerId | string): void {
    const key = idOf(peer).toString();
    this.core.backing.forgotten(key, tombstone.addrs(key));
    this.core.write(peer, (entry) => {
      const had = entry.addrs.size > 0;
      this.core.book.clear(entry);
      return had;
    });
  }

  /** @source PS-30 to PS-34; of two with one number the first stands: E5 */
  consumeRecord(envelope: Uint8Array, ttlMs: number): boolean {
    checkedTtl(ttlMs);
    return this.consumeOpened(envelope, openPeerRecord(envelope), ttlMs);
  }

  consumeOpened(envelope: Uint8Array, { peerId, seq, addrs }: PeerRecordFields, ttlMs: number): boolean {
    checkedTtl(ttlMs);
    const bytes = ownBytes(envelope);
    let accepted = false;
    this.core.write(peerId, (entry, now) => {
      const known = entry.record;
      if (
        known !== undefined &&
        (seq < known.seq || (seq === known.seq && !equalBytes(bytes, known.envelope)))
      )
        return false;
      if (known === undefined && this.core.known.records >= this.core.limits.records)
        throw new LimitError('peerstore', 'signed records', this.core.limits.records);
      this.core.book.certify(entry, { envelope: bytes, seq, addrs: ownAddrs(peerId, addrs) }, ttlMs, now);
      accepted = true;
      return () => {
        this.core.book.uncertify(entry);
      };
    });
    return accepted;
  }

  // ── other facts ────────────────────────────────────────────────────────────────────────────────────────────────────
  setProtocols(peer: PeerId | string, protocols: readonly string[]): void {
    const { limits, shared } = this.core;
    const kept = shared.list(keptProtocols(protocols, limits.protocols));
    this.core.write(peer, (entry) => {
      const before = entry.protocols;
      if (before.length === kept.length && before.every((protocol, at) => protocol === kept[at]))
        return false;
      entry.protocols = kept;
      return () => {
        entry.protocols = before;
      };
    });
  }

  setMetadata(peer: PeerId | string, key: string, value: Uint8Array | undefined): void {
    if (value !== undefined && value.byteLength > this.core.limits.metadataBytes)
      throw new LimitError(`metadata of a peer`, 'bytes', this.core.limits.metadataBytes, 'local');
    const own = value === undefined ? undefined : ownBytes(value);
    this.setNamed(peer, key, own, NAMED_METADATA);
  }

  setTag(peer: PeerId | string, name: string, value: number | undefined): void {
    this.setNamed(peer, name, value, NAMED_TAGS);
  }

  /** Stored with the next change of something else: pings never end. */
  recordRtt(peer: PeerId | string, ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    this.core.write(
      peer,
      (entry) => {
        const before = entry.rttMs;
        entry.rttMs = averageRtt(before, ms);
        return () => {
          entry.rttMs = before;
        };
      },
      false,
    );
  }

  setKey(peer: PeerId | string, key: PublicKey): void {
    const peerId = peerIdFrom(key);
    if (!peerId.equals(idOf(peer)))
      throw new Libp2pError('ERR_INVALID_KEY', 'remote', 'ID does not match PublicKey');
    this.core.write(peerId, (entry) => {
      if (entry.hasToldKey) return false;
      entry.hasToldKey = true;
      entry.peerId = peerId;
      return true;
    });
  }

  forget(peer: PeerId | string): void {
    const key = idOf(peer).toString();
    for (const name of Object.values(METADATA))
      this.core.backing.forgotten(key, tombstone.metadata(key, name));
    this.core.write(peer, (entry) => entry.forget());
  }

  /** All that is known of it. */
  remove(peer: PeerId | string): void {
    const key = idOf(peer).toString();
    this.core.backing.forgotten(key, tombstone.peer(key));
    this.core.remove(key);
  }

  // ── its life ───────────────────────────────────────────────────────────────────────────────────────────────────────
  attach(clocks: StoreClocks): void {
    this.core.attach(clocks);
  }

  ready(): Promise<void> {
    return settle(this.core.backing.ready());
  }

  flush(): Promise<void> {
    return settle(this.core.backing.flush());
  }

  /** Twice is once. Afterwards it can be read, and writes are passed over. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.core.close();
    await settle(this.core.backing.close());
    this.core.news.close();
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private writeAddrs(
    peer: PeerId | string,
    addrs: readonly (Multiaddr | string)[],
    act: (entry: PeerEntry, own: readonly Multiaddr[], now: number) => boolean,
  ): void {
    const peerId = idOf(peer);
    const own = ownAddrs(peerId, addrs);
    if (own.length > 0) this.core.write(peerId, (entry, now) => act(entry, own, now));
  }

  private setNamed<T>(peer: PeerId | string, name: string, value: T | undefined, facts: NamedFacts<T>): void {
    const { kind } = facts;
    if (name.length > MAX_NAME_CHARS)
      throw new LimitError(`${kind} name`, 'characters', MAX_NAME_CHARS, 'local');
    const key = idOf(peer).toString();
    if (value === undefined) this.core.backing.forgotten(key, tombstone[kind](key, name));
    this.core.write(peer, (entry) => {
      const before = facts.of(entry);
      if (value === undefined && !before.has(name)) return false;
      const most = facts.most(this.core.limits);
      if (value !== undefined && !before.has(name) && before.size >= most)
        throw new LimitError(`${kind} of a peer`, 'keys', most, 'local');
      const after = new Map(before);
      if (value === undefined) after.delete(name);
      else after.set(name, value);
      facts.put(entry, after, this.core.shared);
      if (value === undefined) return true;
      return () => {
        facts.put(entry, before, this.core.shared);
      };
    });
  }
}

/** Facts of a peer that have names. */
interface NamedFacts<T> {
  readonly kind: 'metadata' | 'tag';
  most(limits: PeerStoreLimits): number;
  of(entry: PeerEntry): ReadonlyMap<string, T>;
  put(entry: PeerEntry, map: ReadonlyMap<string, T>, shared: Shared): void;
}
const NAMED_METADATA: NamedFacts<Bytes> = {
  kind: 'metadata',
  most: ({ metadataKeys }) => metadataKeys,
  of: ({ metadata }) => metadata,
  put(entry, map, shared) {
    entry.metadata = shared.metadata(map);
  },
};
const NAMED_TAGS: NamedFacts<number> = {
  kind: 'tag',
  most: ({ tags }) => tags,
  of: ({ tags }) => tags,
  put(entry, map) {
    entry.tags = map.size === 0 ? NO_TAGS : map;
  },
};
