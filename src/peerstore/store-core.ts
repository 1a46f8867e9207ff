/** The books of a store put together: one way to write, after which each change is counted, told and handed to where it is kept. */
import { LimitError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { PeerRecord, StoreClocks } from '../core/peer-store-contract.js';
import { AddrBook } from './addr-book.js';
import { NO_BACKING, type Backing } from './backing.js';
import { ExpiryTimer } from './expiry-timer.js';
import { idOf } from './given.js';
import { KnownPeers } from './known-peers.js';
import type { PeerStoreLimits } from './limits.js';
import type { PeerEntry } from './peer-entry.js';
import { restore } from './restore.js';
import { Shared } from './shared.js';
import { StoreNews, type PeerChange } from './store-news.js';
import type { StoredPeer } from './stored-peer-message.js';

/** Addresses that a write drops because they have expired, so that no write takes long. @source reliability checklist, O8 */
const SWEPT_BY_WRITE = 32;

/** Before a host brings its clocks, time stands still. */
const NO_CLOCKS: StoreClocks = { now: () => 0, wallClock: () => 0 };

/** What a write says: whether it has changed anything, or what undoes it where the store has no room. */
export type Written = boolean | (() => void);

export class StoreCore {
  readonly news = new StoreNews(() => {
    this.arm();
  });
  readonly known: KnownPeers;
  readonly shared = new Shared();
  readonly book: AddrBook;
  readonly backing: Backing;
  private readonly timer: ExpiryTimer;
  private isClosed = false;

  constructor(
    readonly limits: PeerStoreLimits,
    private clocks: StoreClocks = NO_CLOCKS,
    backing: (core: StoreCore) => Backing = () => NO_BACKING,
  ) {
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

  get clock(): StoreClocks {
    return this.clocks;
  }

  find(peer: PeerId | string): PeerEntry | undefined {
    return (
      (typeof peer === 'string' ? this.known.get(peer) : undefined) ?? this.known.get(idOf(peer).toString())
    );
  }

  /** As it is now. */
  recordOf(entry: PeerEntry | undefined): PeerRecord | undefined {
    return entry?.recordAt(this.clocks.now());
  }

  /** Expiries move to the new clock, and keep what is left of their time. */
  attach(clocks: StoreClocks): void {
    const by = clocks.now() - this.clocks.now();
    this.clocks = clocks;
    this.book.shift(by);
    for (const entry of this.known) entry.changed();
    this.backing.begin();
    this.timer.disarm();
    this.arm();
  }

  remove(key: string): void {
    const entry = this.known.get(key);
    if (entry === undefined || this.isClosed) return;
    this.forgetWhole(entry);
    this.tell('remove', entry);
    this.arm();
  }

  close(): void {
    this.isClosed = true;
    this.timer.disarm();
  }

  /** Takes what was stored. Says whether it is still as it was stored. */
  restore(stored: StoredPeer, isForgotten: (what: string) => boolean): boolean {
    const { known, book, limits, shared } = this;
    const now = this.clocks.now();
    const entry = known.forWriting(stored.peerId);
    const hasRoomForRecord = known.records < limits.records;
    const isAsStored = restore(entry, stored, { book, limits, shared, now, hasRoomForRecord, isForgotten });
    entry.changed();
    if (known.keep(entry) !== undefined) this.forgetWhole(entry);
    if (!entry.isEmpty) this.news.tell({ type: 'update', peer: entry.key });
    this.arm();
    return isAsStored;
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Once the store is closed nothing is written. Throws what `act` throws, and a `LimitError` where there is no room. */
  write(peer: PeerId | string, act: (entry: PeerEntry, now: number) => Written, isToStore = true): void {
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

  private arm(): void {
    this.timer.arm(this.clocks, this.news.isObserved && !this.isClosed);
  }
}
