/** What a host remembers of its peers: the books put together, each change told, and handed to where it is kept. */
import type { Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { equalBytes, ownBytes } from '../core/bytes.js';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { PeerId, PublicKey } from '../core/identity.js';
import { peerIdFrom } from '../core/peer-id.js';
import { openPeerRecord } from '../core/peer-record.js';
import type { HostPeerStore, PeerRecord, StoreClocks } from '../core/peer-store-contract.js';
import { settle } from '../promises/settle.js';
import { AddrBook } from './addr-book.js';
import { NO_BACKING, tombstone, type Backing } from './backing.js';
import { checkedTtl, idOf, keptProtocols, averageRtt, ownAddrs } from './given.js';
import { ExpiryTimer } from './expiry-timer.js';
import { KnownPeers } from './known-peers.js';
import { MAX_NAME_CHARS, type PeerStoreLimits } from './limits.js';
import type { PeerEntry } from './peer-entry.js';
import { restore } from './restore.js';
import { StoreNews, type PeerChange } from './store-news.js';
import type { StoredPeer } from './stored-peer-message.js';

/** Addresses that a write drops because they have expired, so that no write takes long. @source reliability checklist, O8 */
const SWEPT_BY_WRITE = 32;

/** Before a host brings its clocks, time stands still. */
const NO_CLOCKS: StoreClocks = { now: () => 0, wallClock: () => 0 };

export class MemoryPeerStore implements HostPeerStore {
  private readonly news = new StoreNews(() => {
    this.arm();
  });
  private readonly known: KnownPeers;
  private readonly book: AddrBook;
  private readonly timer: ExpiryTimer;
  private readonly backing: Backing;
  private clocks: StoreClocks;
  private isClosed = false;

  constructor(
    private readonly limits: PeerStoreLimits,
    clocks: StoreClocks = NO_CLOCKS,
    backing: (store: MemoryPeerStore) => Backing = () => NO_BACKING,
  ) {
    this.clocks = clocks;
    this.known = new KnownPeers(limits, (entry) => {
      this.book.clear(entry);
      this.tell('remove', entry);
    });
    this.book = new AddrBook(limits, (entry) => {
      this.settle(entry);
    });
    this.timer = new ExpiryTimer(this.book);
    this.backing = backing(this);
  }

  // ── what is known ──────────────────────────────────────────────────────────────────────────────────────────────────
  get change$(): Observable<PeerChange> {
    return this.news.change$;
  }
  get warning$(): Observable<Error> {
    return this.news.warning$;
  }
  get peers(): readonly PeerId[] {
    const now = this.clocks.now();
    return [...this.known].filter((entry) => entry.recordAt(now) !== undefined).map(({ peerId }) => peerId);
  }

  get(peer: PeerId | string): PeerRecord | undefined {
    return this.find(peer)?.recordAt(this.clocks.now());
  }

  watch(peer: PeerId | string): Observable<PeerRecord | undefined> {
    const key = idOf(peer).toString();
    return this.news.watch(key, () => this.known.get(key)?.recordAt(this.clocks.now()));
  }

  recordOf(peer: PeerId | string): Uint8Array | undefined {
    const entry = this.find(peer);
    // What has expired may still be there. @source PS-35
    const hasAddr = (entry?.recordAt(this.clocks.now())?.addrs.length ?? 0) > 0;
    return hasAddr ? entry?.record?.envelope : undefined;
  }

  // ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────────────
  addAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void {
    checkedTtl(ttlMs);
    this.writeAddrs(peer, addrs, (entry, own, now) => this.book.add(entry, own, ttlMs, now));
  }

  setAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void {
    checkedTtl(ttlMs);
    this.writeAddrs(peer, addrs, (entry, own, now) => this.book.set(entry, own, ttlMs, now));
  }

  updateTtl(peer: PeerId | string, fromMs: number, toMs: number): void {
    checkedTtl(toMs);
    this.write(peer, (entry, now) => this.book.update(entry, fromMs, toMs, now));
  }

  clearAddrs(peer: PeerId | string): void {
    this.backing.forgotten(tombstone.addrs(idOf(peer).toString()));
    this.write(peer, (entry) => {
      const had = entry.addrs.size > 0;
      this.book.clear(entry);
      return had;
    });
  }

  /** @source PS-30 to PS-34; of two with one number the first stands: E5 */
  consumeRecord(envelope: Uint8Array, ttlMs: number): boolean {
    checkedTtl(ttlMs);
    const { peerId, seq, addrs } = openPeerRecord(envelope);
    const bytes = ownBytes(envelope);
    let accepted = false;
    this.write(peerId, (entry, now) => {
      const known = entry.record;
      if (
        known !== undefined &&
        (seq < known.seq || (seq === known.seq && !equalBytes(bytes, known.envelope)))
      )
        return false;
      if (known === undefined && this.known.records >= this.limits.records)
        throw new LimitError('peerstore', 'signed records', this.limits.records);
      this.book.certify(entry, { envelope: bytes, seq, addrs: ownAddrs(peerId, addrs) }, ttlMs, now);
      accepted = true;
      return () => {
        this.book.uncertify(entry);
      };
    });
    return accepted;
  }

  // ── other facts ────────────────────────────────────────────────────────────────────────────────────────────────────
  setProtocols(peer: PeerId | string, protocols: readonly string[]): void {
    const kept = keptProtocols(protocols, this.limits.protocols);
    this.write(peer, (entry) => {
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
    if (value !== undefined && value.byteLength > this.limits.metadataBytes)
      throw new LimitError(`metadata of a peer`, 'bytes', this.limits.metadataBytes, 'local');
    const own = value === undefined ? undefined : ownBytes(value);
    this.setNamed(peer, key, own, ({ metadata }) => metadata, 'metadata', this.limits.metadataKeys);
  }

  setTag(peer: PeerId | string, name: string, value: number | undefined): void {
    this.setNamed(peer, name, value, ({ tags }) => tags, 'tag', this.limits.tags);
  }

  /** Stored with the next change of something else: pings never end. */
  recordRtt(peer: PeerId | string, ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    this.write(
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
    this.write(peerId, (entry) => {
      if (entry.hasToldKey) return false;
      entry.hasToldKey = true;
      entry.peerId = peerId;
      return true;
    });
  }

  /** All that is known of it. */
  remove(peer: PeerId | string): void {
    const key = idOf(peer).toString();
    this.backing.forgotten(tombstone.peer(key));
    const entry = this.known.get(key);
    if (entry === undefined || this.isClosed) return;
    this.known.forget(entry);
    this.book.clear(entry);
    this.tell('remove', entry);
    this.arm();
  }

  // ── its life ───────────────────────────────────────────────────────────────────────────────────────────────────────
  attach(clocks: StoreClocks): void {
    const by = clocks.now() - this.clocks.now();
    this.clocks = clocks;
    this.book.shift(by);
    for (const entry of this.known) entry.changed();
    this.backing.begin();
    this.timer.disarm();
    this.arm();
  }

  ready(): Promise<void> {
    return settle(this.backing.ready());
  }

  flush(): Promise<void> {
    return settle(this.backing.flush());
  }

  /** Twice is once. Afterwards it can be read, and writes are passed over. */
  close(): Promise<void> {
    if (this.isClosed) return settle();
    this.isClosed = true;
    this.timer.disarm();
    const closing = settle(this.backing.close());
    return closing.finally(() => {
      this.news.close();
    });
  }

  // ── for what backs it ──────────────────────────────────────────────────────────────────────────────────────────────
  get clock(): StoreClocks {
    return this.clocks;
  }
  warn(error: Error): void {
    this.news.warn(error);
  }
  /** The peer as it is to be stored; `undefined` for one that is gone. */
  entryOf(peer: string): PeerEntry | undefined {
    return this.known.get(peer);
  }

  /** Takes what was stored. Says whether it is still as it was stored. */
  restore(stored: StoredPeer, isForgotten: (what: string) => boolean): boolean {
    const { known, book, limits } = this;
    const now = this.clocks.now();
    const entry = known.forWriting(stored.peerId);
    const hasRoomForRecord = known.records < limits.records;
    const isAsStored = restore(entry, stored, { book, limits, now, hasRoomForRecord, isForgotten });
    entry.changed();
    if (known.keep(entry) !== undefined) this.forgetWhole(entry);
    if (!entry.isEmpty) this.news.tell({ type: 'update', peer: entry.key });
    this.arm();
    return isAsStored;
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private writeAddrs(
    peer: PeerId | string,
    addrs: readonly (Multiaddr | string)[],
    act: (entry: PeerEntry, own: readonly Multiaddr[], now: number) => boolean,
  ): void {
    const peerId = idOf(peer);
    const own = ownAddrs(peerId, addrs);
    if (own.length > 0) this.write(peerId, (entry, now) => act(entry, own, now));
  }

  private setNamed<T>(
    peer: PeerId | string,
    name: string,
    value: T | undefined,
    mapOf: (entry: PeerEntry) => Map<string, T>,
    kind: 'metadata' | 'tag',
    most: number,
  ): void {
    if (name.length > MAX_NAME_CHARS)
      throw new LimitError(`${kind} name`, 'characters', MAX_NAME_CHARS, 'local');
    if (value === undefined) this.backing.forgotten(tombstone[kind](idOf(peer).toString(), name));
    this.write(peer, (entry) => {
      const map = mapOf(entry);
      const before = map.get(name);
      if (value === undefined) return map.delete(name);
      if (before === undefined && map.size >= most)
        throw new LimitError(`${kind} of a peer`, 'keys', most, 'local');
      map.set(name, value);
      return () => {
        if (before === undefined) map.delete(name);
        else map.set(name, before);
      };
    });
  }

  /** `act` says whether it has changed anything, or gives what undoes it where the store has no room. */
  private write(
    peer: PeerId | string,
    act: (entry: PeerEntry, now: number) => boolean | (() => void),
    isToStore = true,
  ): void {
    if (this.isClosed) return;
    const now = this.clocks.now();
    this.book.sweep(now, SWEPT_BY_WRITE);
    const entry = this.known.forWriting(idOf(peer));
    if (this.book.expire(entry, now)) this.settle(entry);
    const done = act(entry, now);
    if (done !== false) this.settleOrUndo(entry, done, isToStore);
    this.arm();
  }

  private settleOrUndo(entry: PeerEntry, done: true | (() => void), isToStore: boolean): void {
    const excess = this.settle(entry, isToStore);
    if (excess === undefined) return;
    if (typeof done === 'function') done();
    entry.changed();
    if (done === true || this.known.keep(entry) !== undefined) this.forgetWhole(entry);
    throw new LimitError('peerstore', excess, this.limits[excess]);
  }

  /** Counts and tells what has become of a peer. Says which bound it exceeds, and then tells nothing. */
  private settle(entry: PeerEntry, isToStore = true): 'peers' | 'bytes' | undefined {
    const wasKnown = this.known.get(entry.key) !== undefined;
    entry.changed();
    const excess = this.known.keep(entry);
    if (excess !== undefined) return excess;
    if (!entry.isEmpty) this.tell('update', entry, isToStore);
    else if (wasKnown) this.tell('remove', entry);
    return undefined;
  }

  private forgetWhole(entry: PeerEntry): void {
    this.known.forget(entry);
    this.book.clear(entry);
    entry.changed();
  }

  private tell(type: PeerChange['type'], { key }: PeerEntry, isToStore = true): void {
    if (isToStore) this.backing.changed(key);
    this.news.tell({ type, peer: key });
  }

  private find(peer: PeerId | string): PeerEntry | undefined {
    return (
      (typeof peer === 'string' ? this.known.get(peer) : undefined) ?? this.known.get(idOf(peer).toString())
    );
  }

  private arm(): void {
    this.timer.arm(this.clocks, this.news.isObserved && !this.isClosed);
  }
}
