/**
 * One peer's addresses, all tried at once; the first that becomes a connection wins and the others are abandoned. The
 * dialer proper, with ranking, delays, limits and back-off, takes this place.
 */
import {
  catchError,
  concat,
  defer,
  from,
  mergeMap,
  switchMap,
  take,
  throwError,
  timeout,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isPrivate } from '../core/address-class.js';
import { DialError, type FailedAddr } from '../core/dial-error.js';
import { asError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Transport } from '../core/parts.js';
import { upgradeOutbound, type UpgradeDeps, type Upgraded } from '../connection/upgrade.js';

/** @source go-libp2p swarm: dial timeouts, addresses a dial, dials of one peer at once */
const ADDR_TIMEOUT_MS = 15_000;
const PRIVATE_ADDR_TIMEOUT_MS = 5_000;
const PEER_TIMEOUT_MS = 60_000;
const MAX_ADDRS = 100;
const AT_ONCE = 8;

export interface DialDeps extends UpgradeDeps {
  readonly transports: readonly Transport[];
  readonly scheduler: SchedulerLike;
}

/** Emits one upgraded connection and completes; errors with `DialError`. Unsubscribing abandons every attempt. */
export function dialPeer(peer: PeerId, addrs: readonly Multiaddr[], deps: DialDeps): Observable<Upgraded> {
  if (addrs.length === 0)
    return throwError(
      () => new Libp2pError('ERR_NO_ADDRESSES', 'local', `no address of ${peer.toString()} is known`),
    );
  return defer(() => {
    const failures: FailedAddr[] = [];
    const tried = addrs.slice(0, MAX_ADDRS);
    const attempt$ = from(tried).pipe(
      // At most MAX_ADDRS wait here.
      mergeMap(
        (addr) =>
          attempt(addr, peer, deps).pipe(
            catchError((error: unknown) => {
              failures.push({ addr, error: asError(error) });
              return [];
            }),
          ),
        AT_ONCE,
      ),
      take(1),
    );
    const failed = (cause: Error, errors: readonly FailedAddr[]): DialError =>
      new DialError({ peer, cause, errors, skipped: addrs.length - tried.length });
    const failed$ = defer(() =>
      throwError(() => failed(new Libp2pError('ERR_DIAL_FAILED', 'network', 'all dials failed'), failures)),
    );
    return concat(attempt$, failed$).pipe(
      take(1),
      timeout({
        first: PEER_TIMEOUT_MS,
        scheduler: deps.scheduler,
        with: () => {
          const cause = new TimeoutError(`dialing ${peer.toString()}`, PEER_TIMEOUT_MS);
          return throwError(() => failed(cause, [...failures, ...timedOut(tried, failures)]));
        },
      }),
    );
  });
}

function attempt(addr: Multiaddr, peer: PeerId, deps: DialDeps): Observable<Upgraded> {
  const transport = deps.transports.find((candidate) => candidate.canDial(addr));
  if (transport === undefined)
    return throwError(
      () => new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `no transport dials ${addr.toString()}`),
    );
  const timeoutMs = isPrivate(addr) ? PRIVATE_ADDR_TIMEOUT_MS : ADDR_TIMEOUT_MS;
  return transport.dial(addr).pipe(
    switchMap((raw) => upgradeOutbound(raw, peer, deps)),
    timeout({
      first: timeoutMs,
      scheduler: deps.scheduler,
      with: () => throwError(() => new TimeoutError(`dialing ${addr.toString()}`, timeoutMs)),
    }),
  );
}

function timedOut(tried: readonly Multiaddr[], failures: readonly FailedAddr[]): FailedAddr[] {
  return tried
    .filter((addr) => !failures.some((failure) => failure.addr === addr))
    .map((addr) => ({ addr, error: new TimeoutError(`dialing ${addr.toString()}`, PEER_TIMEOUT_MS) }));
}
