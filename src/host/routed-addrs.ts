/** Addresses of a peer that somebody else finds: a table, a DHT. */
import { catchError, defer, EMPTY, scan, takeWhile, tap, throwError, type Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { bareAddr } from './targets.js';

export type Routing = (peer: PeerId) => Observable<readonly Multiaddr[]>;

/** Addresses that are taken from routing for one dial, so that an answer without end does not fill memory. */
const MAX_FOUND = 1_000;

/**
 * All that was found so far, as it is found, without the peer at its end; another peer's is left as it is, for the dial to
 * refuse. A failure behind finds ends them; one without any is the dial's (ERR_NO_ADDRESSES, with its cause).
 */
export function routedAddrs(routing: Routing, peer: PeerId): Observable<readonly Multiaddr[]> {
  return defer(() => {
    let hasFound = false;
    return defer(() => routing(peer)).pipe(
      scan(
        (found: readonly Multiaddr[], more) =>
          [...found, ...more.map((addr) => bareAddr(addr, peer))].slice(0, MAX_FOUND),
        [],
      ),
      takeWhile((found) => found.length < MAX_FOUND, true),
      tap((found) => {
        hasFound = found.length > 0;
      }),
      catchError((thrown: unknown) => (hasFound ? EMPTY : throwError(() => routingFailed(thrown)))),
    );
  });
}

function routingFailed(thrown: unknown): Libp2pError {
  const cause = asError(thrown);
  return new Libp2pError('ERR_NO_ADDRESSES', 'network', `routing failed: ${cause.message}`, { cause });
}
