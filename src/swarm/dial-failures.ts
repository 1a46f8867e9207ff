/** What a pending dial has seen fail so far, up to two bounds. @source go-libp2p swarm, dial errors (DERR-2) */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { FailedAddr } from '../core/dial-error.js';

/** DERR-2: enough to see what is wrong; a message with more is not read. */
const MAX_RECORDED = 16;
/**
 * go takes over whatever its filters refused, which is no more than the addresses of one dial. Here a strategy refuses,
 * and may go on doing so with every plan; as many as a dial has addresses (RES-4) is all that the filters ever need.
 */
const MAX_REFUSED = 100;

export interface DialFailures {
  /** In the order in which they came. */
  readonly errors: readonly FailedAddr[];
  /** How many of `errors` are refusals. */
  readonly refused: number;
  /** How many more there were. */
  readonly skipped: number;
}
export const NO_FAILURES: DialFailures = { errors: [], refused: 0, skipped: 0 };

/** An address that failed: recorded while the list, refusals included, has fewer than 16, and counted as skipped from then on. */
export function recordFailure(list: DialFailures, addr: Multiaddr, error: Error): DialFailures {
  if (list.errors.length >= MAX_RECORDED) return { ...list, skipped: list.skipped + 1 };
  return { ...list, errors: [...list.errors, { addr, error }] };
}

/** An address that was not dialed: recorded also behind the 16, up to 100 refusals. */
export function recordRefusal(list: DialFailures, addr: Multiaddr, error: Error): DialFailures {
  if (list.refused >= MAX_REFUSED) return { ...list, skipped: list.skipped + 1 };
  return { ...list, errors: [...list.errors, { addr, error }], refused: list.refused + 1 };
}
