/**
 * What lies between two places, one way, for all connections between them: how long it takes, how much fits, what gets
 * lost. It keeps no bytes: those are the wires' (`memory-wire.ts`).
 */
import type { Bytes } from '../core/duplex.js';

/** Hears what comes out of a link: when it was put in, and the bytes of one write or of writes of one moment. */
export type LinkTap = (sentAt: number, bytes: readonly Bytes[]) => void;

/** @see Link of `rx-libp2p/testing`, which says what each means. */
export interface LinkConditions {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  readonly loss: number;
  readonly up: boolean;
  readonly blackHole: boolean;
}
/** Nothing slow, nothing lost. */
export const FREE: LinkConditions = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  loss: 0,
  up: true,
  blackHole: false,
};
/** The body of a TCP segment on Ethernet: what gets lost, or waits its turn, as one. */
const SEGMENT_BYTES = 1_460;
/** On a fast link segments travel together, as many as it takes in so many ms … */
const BURST_MS = 1;
/** … but no more than this, so that nobody waits long behind another. */
const MAX_BURST_BYTES = 64 * 1024;

export class MemoryLink {
  private current: LinkConditions;
  /** When the last byte that was given to the link will have left. */
  private freeAt = 0;
  private readonly watchers = new Set<() => void>();

  /** `chance` gives numbers from 0 on, below 1; it is asked only where jitter or loss want it. */
  constructor(
    conditions: LinkConditions,
    private readonly chance: () => number = () => 0,
    readonly tap?: LinkTap,
  ) {
    this.current = conditions;
  }

  get up(): boolean {
    return this.current.up;
  }
  get blackHole(): boolean {
    return this.current.blackHole;
  }
  get latencyMs(): number {
    return this.current.latencyMs;
  }
  /** Into what pieces a write is cut. */
  get pieceBytes(): number {
    const { loss, bytesPerSecond } = this.current;
    if (loss > 0) return SEGMENT_BYTES;
    if (bytesPerSecond === Infinity) return Infinity;
    const burst = Math.floor((bytesPerSecond * BURST_MS) / 1_000);
    return Math.min(Math.max(burst, SEGMENT_BYTES), MAX_BURST_BYTES);
  }

  change(change: Partial<LinkConditions>): void {
    this.current = { ...this.current, ...change };
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Calls on every change; what this returns ends it. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** When so many bytes that are given to the link now will have left: behind all that it was given before. */
  leavesAt(now: number, byteLength: number): number {
    const { bytesPerSecond } = this.current;
    if (bytesPerSecond === Infinity) return now;
    this.freeAt = Math.max(now, this.freeAt) + (byteLength / bytesPerSecond) * 1_000;
    return this.freeAt;
  }

  /** How long the next piece travels, ms. */
  travelMs(): number {
    const { latencyMs, jitterMs } = this.current;
    return jitterMs > 0 ? latencyMs + this.chance() * jitterMs : latencyMs;
  }

  /** Whether the next piece gets lost. */
  loses(): boolean {
    const { loss } = this.current;
    return loss > 0 && this.chance() < loss;
  }
}

/** A link that has nothing but latency, which may change. */
export function latencyLink(latencyMs: () => number): MemoryLink {
  return new MemoryLink({
    ...FREE,
    get latencyMs() {
      return latencyMs();
    },
  });
}
