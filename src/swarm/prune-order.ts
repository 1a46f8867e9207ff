/**
 * Which peers lose their connections, in order. Decisions only: peers and the time in, peers out.
 * @source go-libp2p, basic connection manager (CM-12, CM-13, CM-15, CM-16)
 */
export interface PeerStanding {
  /** The sum of its tags. */
  readonly value: number;
  /** Tagged, and never connected since. */
  readonly isTemporary: boolean;
  readonly isProtected: boolean;
  /** Ms: when it was first tagged or, once it is connected, when its first connection was made. */
  readonly firstSeenAt: number;
  readonly connections: Iterable<{
    readonly direction: 'inbound' | 'outbound';
    readonly streamCount: number;
  }>;
}
export interface WaterMarks {
  /** How many connections stay. 0 prunes never, and so does `high`. */
  readonly low: number;
  /** From how many on is pruned. */
  readonly high: number;
  /** Ms in which a new peer is left alone. */
  readonly graceMs: number;
}
interface Ranked<P> {
  readonly peer: P;
  readonly connections: number;
  readonly streams: number;
  readonly hasInbound: boolean;
}
interface Limits extends Pick<WaterMarks, 'low'> {
  readonly connections: number;
}

/**
 * The peers to close, all connections of each, and the temporary ones to forget: from the first on, until what is not
 * protected and not new is down at `low`. A peer is closed whole, so it can be a few more.
 */
export function toPrune<P extends PeerStanding>(
  peers: readonly P[],
  { low, high, graceMs }: WaterMarks,
  now: number,
): P[] {
  if (low === 0 || high === 0) return [];
  const ranked = peers.map(rank);
  if (total(ranked) <= low) return [];
  const candidates = ranked.filter(
    ({ peer: { isProtected, firstSeenAt } }) => !isProtected && now - firstSeenAt >= graceMs,
  );
  // Among so few, the useful ones would go as well.
  const connections = total(candidates);
  return connections < low ? [] : firstOf(candidates.sort(calmOrder), { low, connections });
}

/** The same without grace, where memory runs out: busy peers go before quiet ones, protected ones if nothing else suffices. */
export function toPruneNow<P extends PeerStanding>(peers: readonly P[], low: number): P[] {
  const ranked = peers.map(rank);
  const connections = total(ranked);
  const others = ranked.filter(({ peer }) => !peer.isProtected).sort(emergencyOrder);
  const chosen = firstOf(others, { low, connections });
  const left = connections - total(chosen.map(rank));
  if (left <= low) return chosen;
  const last = ranked.filter(({ peer }) => peer.isProtected).sort(emergencyOrder);
  return [...chosen, ...firstOf(last, { low, connections: left })];
}

function firstOf<P>(sorted: readonly Ranked<P>[], { low, connections }: Limits): P[] {
  let excess = connections - low;
  const chosen: P[] = [];
  for (const { peer, connections: count } of sorted) {
    if (excess <= 0) break;
    chosen.push(peer);
    excess -= count;
  }
  return chosen;
}

function rank<P extends PeerStanding>(peer: P): Ranked<P> {
  let [connections, streams, hasInbound] = [0, 0, false];
  for (const { direction, streamCount } of peer.connections) {
    connections += 1;
    streams += streamCount;
    hasInbound ||= direction === 'inbound';
  }
  return { peer, connections, streams, hasInbound };
}

/** Equal ones stay in the order in which they came: the older goes first. */
const calmOrder = <P extends PeerStanding>(a: Ranked<P>, b: Ranked<P>): number =>
  beforeStreams(a, b) || a.streams - b.streams;
const emergencyOrder = <P extends PeerStanding>(a: Ranked<P>, b: Ranked<P>): number =>
  beforeStreams(a, b) || b.streams - a.streams;

function beforeStreams<P extends PeerStanding>(a: Ranked<P>, b: Ranked<P>): number {
  return (
    Number(b.peer.isTemporary) - Number(a.peer.isTemporary) ||
    a.peer.value - b.peer.value ||
    // Whether it is used at all counts before who called whom.
    Number(a.streams > 0) - Number(b.streams > 0) ||
    Number(b.hasInbound) - Number(a.hasInbound)
  );
}

function total<P>(ranked: readonly Ranked<P>[]): number {
  return ranked.reduce((sum, { connections }) => sum + connections, 0);
}
