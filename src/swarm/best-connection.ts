/** Which of a peer's connections to use. @source go-libp2p swarm, connectedness and the best connection (CONN-40 to CONN-45) */

/** What a connection is rated by. */
export interface Rated {
  readonly isClosed: boolean;
  /** A relay allows it only so much time, or data (CONN-41). */
  readonly limited: boolean;
  /** Not through a relay, limited or not (CONN-42). */
  readonly direct: boolean;
  /** Streams of both directions (CONN-45). */
  readonly streamCount: number;
}

/** An open one: unlimited before limited, direct before relayed, more streams before fewer, newer before older (CONN-43). */
export function bestConnection<C extends Rated>(oldestFirst: readonly C[]): C | undefined {
  let best: C | undefined;
  for (const connection of oldestFirst) {
    if (connection.isClosed) continue;
    if (best === undefined || !isWorse(connection, best)) best = connection;
  }
  return best;
}

/** The best one, unless it has to be direct and is not. A worse one is never direct, so none is looked for (CONN-44). */
export function acceptableConnection<C extends Rated>(
  oldestFirst: readonly C[],
  options?: { readonly forceDirect?: boolean | undefined },
): C | undefined {
  const best = bestConnection(oldestFirst);
  return options?.forceDirect === true && best?.direct === false ? undefined : best;
}

/** What the open ones of a peer amount to (CONN-40). */
export function connectedness(connections: readonly Rated[]): 'connected' | 'limited' | 'none' {
  const best = bestConnection(connections);
  if (best === undefined) return 'none';
  return best.limited ? 'limited' : 'connected';
}

function isWorse(newer: Rated, older: Rated): boolean {
  if (newer.limited !== older.limited) return newer.limited;
  if (newer.direct !== older.direct) return older.direct;
  return newer.streamCount < older.streamCount;
}
