/**
 * The operators that say when an address is dialed. Each keeps a plan whole: it gives back every dial that it was given,
 * and emits, completes and errors with its source. Unsubscribing does nothing more than unsubscribe the source.
 */
import { map, pipe } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialPlan, DialStrategy, PlannedDial } from '../core/dial-contract.js';
import {
  rankHappyEyeballs,
  rankNoDelay,
  rankRelays,
  type DelayRelaysOptions,
  type HappyEyeballsOptions,
} from './dial-ranker.js';
import { asking, checkMs } from './strategy-rules.js';

/** How groups follow each other. */
export interface StaggerOptions {
  /** How much later each group starts than the one before. */
  readonly byMs: number;
}

/**
 * Replaces each plan's dials by what `rule` makes of them: sorted, moved, thinned out. It is called once a plan, with all
 * that is known; the delays that it gives count from the start of the dial. What it leaves out is not dialed and not
 * mentioned: `refuse` says why. Errors with ERR_DIAL_STRATEGY if it throws, or gives no list.
 *
 * @example
 * ```ts
 * import { isQuic, mapDials } from 'rx-libp2p';
 *
 * // QUIC half a second later than it would be.
 * export const tcpFirst = mapDials((dials) =>
 *   dials.map((dial) => (isQuic(dial.addr) ? { ...dial, delayMs: dial.delayMs + 500 } : dial)),
 * );
 * ```
 */
export function mapDials(
  rule: (dials: readonly PlannedDial[], plan: DialPlan) => readonly PlannedDial[],
): DialStrategy {
  return map((plan) => ({
    ...plan,
    dials: asking('the rule of mapDials', () => listOf(rule(plan.dials, plan))),
  }));
}

/**
 * QUIC before TCP before the rest, and among each IPv6, then the best IPv4, then the others, with `publicMs` (250) between
 * them on the internet and `privateMs` (30) in private networks. Replaces the delays that are there, so it comes before
 * `stagger` and `delayRelays`, which add to them. Throws ERR_INVALID_OPTION.
 * @see rankHappyEyeballs for the list function alone
 *
 * @example
 * ```ts
 * import { defaultFilters, happyEyeballs, resolveAddrs } from 'rx-libp2p';
 * import { pipe } from 'rxjs';
 *
 * export const impatient = pipe(resolveAddrs(), defaultFilters(), happyEyeballs({ publicMs: 50 }));
 * ```
 */
export function happyEyeballs(options: HappyEyeballsOptions = {}): DialStrategy {
  checkMs('happyEyeballs: publicMs', options.publicMs);
  checkMs('happyEyeballs: privateMs', options.privateMs);
  return mapDials((dials) => rankHappyEyeballs(dials, options));
}

/**
 * Relays, and addresses without an IP, start `byMs` (500) later where a plan has both a relay and a public address; for
 * nothing else is a relay worth the wait. Adds to the delays that are there. Throws ERR_INVALID_OPTION.
 * @see rankRelays for the list function alone
 */
export function delayRelays(options: DelayRelaysOptions = {}): DialStrategy {
  checkMs('delayRelays: byMs', options.byMs);
  return mapDials((dials) => rankRelays(dials, options));
}

/** `happyEyeballs()` and `delayRelays()`, as go-libp2p ranks. */
export function defaultRanking(): DialStrategy {
  return pipe(happyEyeballs(), delayRelays());
}

/** In the order of `happyEyeballs`, private, public and relayed together, and all at once. Replaces the delays that are there. */
export function noDelay(): DialStrategy {
  return mapDials(rankNoDelay);
}

/**
 * Starts one group after the other, `byMs` apart. An address belongs to the first group whose predicate says so; those of
 * no group come last. Only groups that have an address take a turn, so nobody waits for nothing. Adds to the delays that
 * are there, and orders the dials by group. Throws ERR_INVALID_OPTION; errors with ERR_DIAL_STRATEGY if a predicate throws.
 */
export function stagger(
  groups: readonly ((addr: Multiaddr) => boolean)[],
  { byMs }: StaggerOptions,
): DialStrategy {
  checkMs('stagger: byMs', byMs);
  const groupOf = (addr: Multiaddr): number => {
    const at = groups.findIndex((isMember) => isMember(addr));
    return at === -1 ? groups.length : at;
  };
  return map((plan) => ({
    ...plan,
    dials: asking('a predicate of stagger', () => inTurns(plan.dials, groupOf, byMs)),
  }));
}

/**
 * Fails the dial `ms` after its start, if its caller does not want it sooner: shortens `options.timeoutMs`. Put it first,
 * so that every plan carries it. Throws ERR_INVALID_OPTION.
 */
export function giveUpAfter(ms: number): DialStrategy {
  checkMs('giveUpAfter', ms);
  return map((plan) => ({
    ...plan,
    options: { ...plan.options, timeoutMs: Math.min(ms, plan.options.timeoutMs ?? ms) },
  }));
}

function inTurns(
  dials: readonly PlannedDial[],
  groupOf: (addr: Multiaddr) => number,
  byMs: number,
): readonly PlannedDial[] {
  const members = new Map<number, PlannedDial[]>();
  for (const dial of dials) {
    const group = groupOf(dial.addr);
    members.set(group, [...(members.get(group) ?? []), dial]);
  }
  return [...members]
    .sort(([a], [b]) => a - b)
    .flatMap(([, group], turn) => group.map((dial) => ({ ...dial, delayMs: dial.delayMs + turn * byMs })));
}

/** Users of plain JavaScript forget a `return`. */
function listOf(dials: unknown): readonly PlannedDial[] {
  if (!Array.isArray(dials)) throw new TypeError('it gave no list of dials');
  // Its entries are judged where they are dialed, like those of a strategy that is no operator of ours.
  return dials as readonly PlannedDial[];
}
