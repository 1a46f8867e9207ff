/** What a host dials with unless it is told otherwise: go-libp2p's filters and ranking, written as a user would. */
import { pipe } from 'rxjs';
import { isRelay } from '../core/address-class.js';
import type { DialStrategy } from '../core/dial-contract.js';
import { Libp2pError } from '../core/errors.js';
import { hasBetter, isDraft29Quic, isLinkLocal6, isUnspecified } from './dial-filters.js';
import { rankHappyEyeballs, rankNoDelay, rankRelays } from './dial-ranker.js';
import { addrRefused, inSteps, limiting, refusing, REFUSING_BLACK_HOLES } from './refusals.js';
import { resolveAddrs } from './resolve-addrs.js';
import { mapDials } from './strategies.js';

/** What a peer's names and records can make us try in one dial. @source go-libp2p swarm, RES-4 */
const MAX_DIALED_ADDRS = 100;

/**
 * `resolveAddrs`, `defaultFilters` and `defaultRanking`; when both sides dial at the same moment
 * (`DialOptions.simultaneousConnect`), without delays.
 *
 * @example
 * ```ts
 * import { createHost, defaultStrategy, giveUpAfter } from 'rx-libp2p';
 * import { pipe } from 'rxjs';
 *
 * const host = await createHost({ dial: { strategy: pipe(giveUpAfter(3_000), defaultStrategy()) } });
 * console.log(host.peerId.toString());
 * ```
 */
export function defaultStrategy(): DialStrategy {
  return pipe(
    resolveAddrs(),
    defaultFilters(),
    mapDials((dials, { options }) =>
      options.simultaneousConnect === undefined ? rankRelays(rankHappyEyeballs(dials)) : rankNoDelay(dials),
    ),
  );
}

/**
 * Refuses what cannot lead to the peer, or not better than another address: no transport dials it (ERR_ADDR_UNSUPPORTED);
 * QUIC v1 or plain TCP is at the same IP and port; a black hole (ERR_BLACK_HOLE); unspecified; IPv6 link-local; a relay,
 * under `forceDirect` (ERR_ADDR_REFUSED); and all but 100 (`LimitError`). Names pass, so it comes behind `resolveAddrs`.
 * @source go-libp2p swarm, FILT-2, FILT-5, FILT-6
 */
export function defaultFilters(): DialStrategy {
  return inSteps(
    // First, so that nothing gives way to an address that we cannot dial. @source go-libp2p swarm, FILT-5
    refusing(
      (addr, { context }) => !context.canDial(addr),
      (addr) =>
        new Libp2pError(
          'ERR_ADDR_UNSUPPORTED',
          'local',
          isDraft29Quic(addr)
            ? 'QUIC draft-29 has been removed, QUIC (RFC 9000) is accessible with /quic-v1'
            : 'no transport for protocol',
        ),
    ),
    refusing(hasBetter, (addr) => addrRefused(addr, 'a better address leads to the same IP and port')),
    REFUSING_BLACK_HOLES,
    refusing(isUnspecified, (addr) => addrRefused(addr, 'unspecified IP')),
    refusing(isLinkLocal6, (addr) => addrRefused(addr, 'IPv6 link-local')),
    refusing(
      (addr, { options }) => options.forceDirect === true && isRelay(addr),
      (addr) => addrRefused(addr, 'a relay, where a direct connection is forced'),
    ),
    limiting(MAX_DIALED_ADDRS),
  );
}
