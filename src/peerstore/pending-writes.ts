/** Which peers are still to be stored: each once, however often it changes, in order. Time is an argument. */

/** Peers in one batch. */
const BATCH = 256;
/** After a failure: doubled each time, to a minute. @source reliability checklist, F3 */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

export class PendingWrites {
  /** With the number of the change that has waited longest. As many as the store knows, and those it has just forgotten. */
  private waiting = new Map<string, number>();
  private writing = new Map<string, number>();
  private changes = 0;
  private failures = 0;
  private notBefore = -Infinity;

  changed(peer: string): void {
    this.changes += 1;
    if (!this.waiting.has(peer)) this.waiting.set(peer, this.changes);
  }

  /** The number of the latest change. */
  get latest(): number {
    return this.changes;
  }

  /** Whether every change up to this one is stored. */
  isStored(change: number): boolean {
    return [this.writing, this.waiting].every((peers) => {
      const [oldest = Infinity] = peers.values();
      return oldest > change;
    });
  }

  /** When to write next: at once, when the back-off ends, or not before something happens. */
  nextAt(now: number): number | undefined {
    return this.writing.size > 0 || this.waiting.size === 0 ? undefined : Math.max(now, this.notBefore);
  }

  /** The peers to write now, the longest waiting first. One batch is under way at a time, so that no older state overtakes a newer. */
  take(): readonly string[] {
    if (this.writing.size > 0) return [];
    for (const [peer, change] of this.waiting) {
      this.writing.set(peer, change);
      this.waiting.delete(peer);
      if (this.writing.size === BATCH) break;
    }
    return [...this.writing.keys()];
  }

  written(): void {
    this.writing.clear();
    this.failures = 0;
    this.notBefore = -Infinity;
  }

  /** They wait again, in front. */
  failed(now: number): void {
    const waiting = new Map(this.writing);
    for (const [peer, change] of this.waiting) if (!waiting.has(peer)) waiting.set(peer, change);
    this.waiting = waiting;
    this.writing.clear();
    this.notBefore = now + backOff(this.failures);
    this.failures += 1;
  }

  /** The next write does not wait for its time: somebody asks for it. */
  hurry(): void {
    this.notBefore = -Infinity;
  }
}

export function backOff(failures: number): number {
  return Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS);
}
