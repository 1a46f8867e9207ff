/** Addresses that failed a moment ago, and until when they are left alone. @source go-libp2p swarm, dial back-off (BACK-1 to BACK-8) */

/** BACK-2 */
export const BACKOFF: { readonly [K in keyof DialBackoffOptions]-?: number } = {
  baseMs: 5_000,
  coefficientMs: 1_000,
  maxMs: 300_000,
};
/** BACK-7 */
const CLEANUP_INTERVAL_MS = 300_000;
/**
 * Peer ids cost a remote nothing to invent, and every failed dial leaves one here for at least ten seconds: without a
 * bound, those of five minutes pile up. The peer that failed longest ago goes, as it is the next to be forgotten anyway.
 */
const MAX_PEERS = 10_000;
/** Above the 100 addresses that one dial considers, so that a dial never pushes out what it has just learned. */
const MAX_ADDRS_PER_PEER = 128;

export interface DialBackoffOptions {
  readonly baseMs?: number | undefined;
  readonly coefficientMs?: number | undefined;
  readonly maxMs?: number | undefined;
}
interface Blocked {
  readonly tries: number;
  readonly untilMs: number;
}
type BlockedByAddr = Map<string, Blocked>;

/** Back-off by peer and address. All times are ms on one clock, the caller's; it sets no timer and draws no random number. */
export class DialBackoff {
  /** In the order of their last failures. */
  private readonly peers = new Map<string, BlockedByAddr>();
  private readonly baseMs: number;
  private readonly coefficientMs: number;
  private readonly maxMs: number;
  private cleanedAt: number | undefined;

  constructor({ baseMs, coefficientMs, maxMs }: DialBackoffOptions = {}) {
    this.baseMs = baseMs ?? BACKOFF.baseMs;
    this.coefficientMs = coefficientMs ?? BACKOFF.coefficientMs;
    this.maxMs = maxMs ?? BACKOFF.maxMs;
  }

  /** How many peers are remembered, blocked or not. */
  get size(): number {
    return this.peers.size;
  }

  /** `addr` has failed: blocked from `now` on, each time for longer. */
  add(peer: string, addr: string, now: number): void {
    this.cleanUp(now);
    const addrs = this.peers.get(peer) ?? new Map<string, Blocked>();
    const tries = addrs.get(addr)?.tries ?? 0;
    putLast(addrs, addr, { tries: tries + 1, untilMs: now + this.blockMs(tries) }, MAX_ADDRS_PER_PEER);
    putLast(this.peers, peer, addrs, MAX_PEERS);
  }

  /** When the block ends, or `undefined` if there is none: at its very end there is none (BACK-4). */
  blockedUntil(peer: string, addr: string, now: number): number | undefined {
    const untilMs = this.peers.get(peer)?.get(addr)?.untilMs;
    return untilMs !== undefined && now < untilMs ? untilMs : undefined;
  }

  /** Forgets the peer's addresses: it can be reached (BACK-6). Without a peer, everything. */
  clear(peer?: string): void {
    if (peer === undefined) this.peers.clear();
    else this.peers.delete(peer);
  }

  /** How long after so many tries. The maximum is one also for the base, where somebody sets it lower. */
  private blockMs(tries: number): number {
    return Math.min(this.baseMs + this.coefficientMs * tries * tries, this.maxMs);
  }

  /** In place of a timer: nothing is read of what it removes, and nothing grows between two failures. */
  private cleanUp(now: number): void {
    this.cleanedAt ??= now;
    if (now - this.cleanedAt < CLEANUP_INTERVAL_MS) return;
    this.cleanedAt = now;
    for (const [peer, addrs] of this.peers) if (this.isOver(addrs, now)) this.peers.delete(peer);
  }

  private isOver(addrs: BlockedByAddr, now: number): boolean {
    for (const { tries, untilMs } of addrs.values()) if (now < untilMs + this.blockMs(tries)) return false;
    return true;
  }
}

/** Moves `key` to the end, and drops the first of more than `max`. */
function putLast<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const [first] = map.keys();
  if (first !== undefined) map.delete(first);
}
