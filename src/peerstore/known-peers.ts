/** The peers of a store, the one that was written longest ago first, within bounds of number and bytes. */
import { hasKey } from '../core/peer-id.js';
import { bytesOf, PeerEntry } from './peer-entry.js';
import type { PeerId } from '../core/identity.js';
import type { PeerStoreLimits } from './limits.js';

export class KnownPeers {
  private readonly byKey = new Map<string, PeerEntry>();
  private bytes = 0;
  private recordCount = 0;

  constructor(
    private readonly limits: Pick<PeerStoreLimits, 'peers' | 'bytes'>,
    /** A peer had to give way to another. */
    private readonly onForget: (peer: PeerEntry) => void,
  ) {}

  get(key: string): PeerEntry | undefined {
    return this.byKey.get(key);
  }

  [Symbol.iterator](): IterableIterator<PeerEntry> {
    return this.byKey.values();
  }

  /** How many have a signed record. */
  get records(): number {
    return this.recordCount;
  }

  /** The peer to write to, known or new. It is kept only if `keep` finds something in it. */
  forWriting(peerId: PeerId): PeerEntry {
    const key = peerId.toString();
    const entry = this.byKey.get(key) ?? new PeerEntry(key, peerId);
    if (!hasKey(entry.peerId) && hasKey(peerId)) entry.peerId = peerId;
    return entry;
  }

  /** After a write: counts it anew, lets others give way to it. Says which bound it exceeds all the same. */
  keep(entry: PeerEntry): 'peers' | 'bytes' | undefined {
    this.forget(entry);
    if (entry.isEmpty) return undefined;
    entry.countedBytes = bytesOf(entry);
    entry.countedRecords = entry.record === undefined ? 0 : 1;
    this.bytes += entry.countedBytes;
    this.recordCount += entry.countedRecords;
    this.byKey.set(entry.key, entry);
    for (let excess = this.excess; excess !== undefined; excess = this.excess) {
      const oldest = this.oldestBut(entry);
      if (oldest === undefined) return excess;
      this.forget(oldest);
      this.onForget(oldest);
    }
    return undefined;
  }

  forget(entry: PeerEntry): void {
    if (!this.byKey.delete(entry.key)) return;
    this.bytes -= entry.countedBytes;
    this.recordCount -= entry.countedRecords;
    entry.countedBytes = 0;
    entry.countedRecords = 0;
  }

  private get excess(): 'peers' | 'bytes' | undefined {
    if (this.byKey.size > this.limits.peers) return 'peers';
    return this.bytes > this.limits.bytes ? 'bytes' : undefined;
  }

  /** One that has no address that stays. Those that do go behind, so that they are not asked every time. */
  private oldestBut(writing: PeerEntry): PeerEntry | undefined {
    for (let left = this.byKey.size; left > 0; left -= 1) {
      const [oldest] = this.byKey.values();
      if (oldest === undefined) return undefined;
      if (oldest !== writing && !oldest.stays) return oldest;
      this.byKey.delete(oldest.key);
      this.byKey.set(oldest.key, oldest);
    }
    return undefined;
  }
}
