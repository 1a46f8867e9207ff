/**
 * Which addresses are known, and for how long. Time is an argument; nothing here waits.
 * @source go-libp2p peerstore, PS-10 to PS-22, with ODD-1 mended: whatever can expire is in the heap.
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes } from '../core/duplex.js';
import { ExpiryHeap } from '../core/expiry-heap.js';
import { MAX_STAYING_ADDRS, type PeerStoreLimits } from './limits.js';
import { isStaying, KnownRecord, type AddrEntry, type PeerEntry } from './peer-entry.js';

export class AddrBook {
  private readonly expiring = new ExpiryHeap<AddrEntry>();

  constructor(
    private readonly limits: Pick<PeerStoreLimits, 'addrs' | 'addrsPerPeer'>,
    /** A peer other than the one that is being written to has lost an address. */
    private readonly onEvict: (peer: PeerEntry) => void,
  ) {}

  /** When the next address expires. */
  get nextExpiry(): number | undefined {
    return this.expiring.first?.expiresAt;
  }

  /** Never shortens; the longer TTL and the later expiry win, each for itself. @source PS-11, PS-12 */
  add(peer: PeerEntry, addrs: readonly Multiaddr[], ttlMs: number, now: number, certified = false): boolean {
    if (!(ttlMs > 0)) return false;
    let changed = false;
    for (const addr of addrs) {
      const known = peer.addrs.get(addr.toString());
      if (known === undefined) changed = this.insert(peer, addr, ttlMs, now, certified) || changed;
      else changed = this.prolong(known, ttlMs, now, certified) || changed;
    }
    return changed;
  }

  /** Overwrites the TTL of these; 0 deletes them. @source PS-13 */
  set(peer: PeerEntry, addrs: readonly Multiaddr[], ttlMs: number, now: number): boolean {
    let changed = false;
    for (const addr of addrs) {
      const known = peer.addrs.get(addr.toString());
      if (known === undefined) changed = (ttlMs > 0 && this.insert(peer, addr, ttlMs, now, false)) || changed;
      else {
        this.retime(known, ttlMs, now);
        changed = true;
      }
    }
    return changed;
  }

  /** Every address whose TTL is exactly `fromMs`. @source PS-14 */
  update(peer: PeerEntry, fromMs: number, toMs: number, now: number): boolean {
    const touched = [...peer.addrs.values()].filter(({ ttlMs }) => ttlMs === fromMs);
    for (const entry of touched) this.retime(entry, toMs, now);
    return touched.length > 0;
  }

  /** @source PS-19 */
  clear(peer: PeerEntry): void {
    for (const entry of [...peer.addrs.values()]) this.drop(entry);
  }

  /**
   * A newer record: what only the one before had goes, unless a connection has it; the rest is added. The record is kept
   * while the peer has an address. @source PS-33, PS-34, PS-36
   */
  certify(
    peer: PeerEntry,
    record: { readonly envelope: Bytes; readonly seq: bigint; readonly addrs: readonly Multiaddr[] },
    ttlMs: number,
    now: number,
  ): void {
    const { envelope, seq, addrs } = record;
    const named = new Set(addrs.map(String));
    for (const entry of [...peer.addrs.values()]) {
      if (!entry.certified || named.has(entry.key)) continue;
      if (isStaying(entry)) entry.certified = false;
      else this.drop(entry);
    }
    this.add(peer, addrs, ttlMs, now, true);
    peer.record = peer.addrs.size === 0 ? undefined : new KnownRecord(envelope, seq);
  }

  /** A record that is not kept certifies nothing. */
  uncertify(peer: PeerEntry): void {
    peer.record = undefined;
    for (const entry of peer.addrs.values()) entry.certified = false;
  }

  /** An address as it was stored, with what is left of its time. */
  restore(
    peer: PeerEntry,
    addr: Multiaddr,
    left: { readonly ttlMs: number; readonly leftMs: number; readonly certified: boolean },
    now: number,
  ): void {
    const known = peer.addrs.get(addr.toString());
    if (known === undefined) this.insert(peer, addr, left.ttlMs, now, left.certified);
    else if (left.certified) known.certified = true;
    const entry = peer.addrs.get(addr.toString());
    if (entry === undefined || isStaying(entry)) return;
    entry.expiresAt = Math.max(known?.expiresAt ?? 0, now + left.leftMs);
    this.expiring.place(entry);
  }

  /** Drops what has expired of this peer; at its very instant an address is gone. @source PS-15 */
  expire(peer: PeerEntry, now: number): boolean {
    const gone = [...peer.addrs.values()].filter(({ expiresAt }) => expiresAt <= now);
    for (const entry of gone) this.drop(entry);
    return gone.length > 0;
  }

  /** Drops up to `most` addresses that have expired, of whichever peers: `onEvict` hears of each. */
  sweep(now: number, most: number): void {
    for (let swept = 0; swept < most && (this.nextExpiry ?? Infinity) <= now; swept += 1) this.evictFirst();
  }

  /** Moves every expiry to another clock, which shows `by` ms more. */
  shift(by: number): void {
    this.expiring.each((entry) => {
      entry.expiresAt += by;
    });
  }

  // ── one address ────────────────────────────────────────────────────────────────────────────────────────────────────
  private insert(peer: PeerEntry, addr: Multiaddr, ttlMs: number, now: number, certified: boolean): boolean {
    const key = addr.toString();
    const entry: AddrEntry = { peer, key, addr, ttlMs, certified, expiresAt: endOf(ttlMs, now), heapAt: -1 };
    if (!this.makeRoom(peer, entry)) return false;
    peer.addrs.set(key, entry);
    this.index(entry);
    return peer.addrs.has(key);
  }

  private prolong(entry: AddrEntry, ttlMs: number, now: number, certified: boolean): boolean {
    const expiresAt = Math.max(entry.expiresAt, endOf(ttlMs, now));
    const isNews = expiresAt !== entry.expiresAt || ttlMs > entry.ttlMs || (certified && !entry.certified);
    entry.ttlMs = Math.max(entry.ttlMs, ttlMs);
    entry.expiresAt = expiresAt;
    entry.certified ||= certified;
    if (isNews) this.index(entry);
    return isNews;
  }

  private retime(entry: AddrEntry, ttlMs: number, now: number): void {
    if (!(ttlMs > 0)) {
      this.drop(entry);
      return;
    }
    entry.ttlMs = ttlMs;
    entry.expiresAt = endOf(ttlMs, now);
    this.index(entry);
  }

  /** Into the heap or out of it, and the total within its bound again. */
  private index(entry: AddrEntry): void {
    if (isStaying(entry)) this.expiring.remove(entry);
    else this.expiring.place(entry);
    while (this.expiring.size > this.limits.addrs) this.evictFirst(entry.peer);
  }

  /** Whether a new address may come in. What is not certified pushes nothing out that is. @source PS-18; E12 */
  private makeRoom(peer: PeerEntry, entry: AddrEntry): boolean {
    const isRival = isStaying(entry) ? isStaying : (other: AddrEntry) => !isStaying(other);
    const most = isStaying(entry) ? MAX_STAYING_ADDRS : this.limits.addrsPerPeer;
    const rivals = [...peer.addrs.values()].filter(isRival);
    if (rivals.length < most) return true;
    const uncertified = rivals.filter(({ certified }) => !certified);
    const [first, ...others] = uncertified.length > 0 || !entry.certified ? uncertified : rivals;
    if (first === undefined) return false;
    this.drop(
      others.reduce((soonest, other) => (other.expiresAt < soonest.expiresAt ? other : soonest), first),
    );
    return true;
  }

  private evictFirst(writing?: PeerEntry): void {
    const { first } = this.expiring;
    if (first === undefined) return;
    this.drop(first);
    if (first.peer !== writing) this.onEvict(first.peer);
  }

  private drop(entry: AddrEntry): void {
    const { peer } = entry;
    this.expiring.remove(entry);
    peer.addrs.delete(entry.key);
    if (peer.addrs.size === 0) peer.record = undefined;
  }
}

/** Addresses that stay have no end that anybody would see. @source PS-5, PS-6 */
function endOf(ttlMs: number, now: number): number {
  return isStaying({ ttlMs }) ? Infinity : now + ttlMs;
}
