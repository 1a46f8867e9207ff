/** From an address to an upgraded connection, with news on the way: what the dial worker calls dialing. */
import { defer, map, Observable, switchMap, throwError } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { ConnectionScope, ResourceManager } from '../core/limits-contract.js';
import type { RawConnection, Transport } from '../core/parts.js';
import { upgradeOutbound, type UpgradeDeps, type Upgraded } from '../connection/upgrade.js';
import { handingOn } from '../rx/handing-on.js';
import { factsOf } from './connection-facts.js';
import { Unregistered, type ConnectUpdate } from './dial-attempt.js';
import type { AttemptTask } from './dial-state.js';
import { GatedError } from './gate.js';

export interface ConnectDeps<C> extends UpgradeDeps {
  readonly transports: readonly Transport[];
  readonly resources?: ResourceManager | undefined;
  /** Makes an upgraded channel one of the host's connections. Throws where the host does not want it (any more). */
  readonly register: (upgraded: Upgraded) => C;
}

/** Emits the stages as they are reached, the last being `connected`; errors with a `Libp2pError` or `Unregistered`. Unsubscribing abandons it. */
export function connectAddr<C>(
  { addr, request: { peer, options } }: AttemptTask,
  deps: ConnectDeps<C>,
): Observable<ConnectUpdate<C>> {
  return defer(() => {
    const transport = deps.transports.find((candidate) => candidate.canDial(addr));
    return transport === undefined
      ? throwError(() => noTransport(addr.toString()))
      : dialWithin(transport, addr, admitted(addr, peer, deps.resources));
  }).pipe(
    switchMap((raw) => upgradeOutbound(raw, peer, deps, options.simultaneousConnect)),
    map((update): ConnectUpdate<C> =>
      update.type === 'upgraded'
        ? { type: 'connected', connection: registered(update.upgraded, deps) }
        : update,
    ),
  );
}

/** The scope of a connection that is dialed, and whether its peer may have one more (8.3, stages 4 and 5). */
function admitted(
  addr: Multiaddr,
  peer: PeerId,
  resources: ResourceManager | undefined,
): ConnectionScope | undefined {
  if (resources === undefined) return undefined;
  let scope: ConnectionScope | undefined;
  try {
    scope = resources.openConnection('outbound', factsOf(addr));
    // Taken only behind the handshake, as in a WebSocket's dial: more addresses may race than the peer gets connections.
    scope.checkPeer(peer.toString());
    return scope;
  } catch (error) {
    scope?.done();
    throw new Unregistered(asError(error));
  }
}

/** Hands the scope on with the channel; where none comes, gives back what it took. */
function dialWithin(
  transport: Transport,
  addr: Multiaddr,
  scope: ConnectionScope | undefined,
): Observable<RawConnection> {
  if (scope === undefined) return transport.dial(addr);
  return new Observable<RawConnection>((subscriber) => {
    let handedOn = false;
    subscriber.add(() => {
      if (!handedOn) scope.done();
    });
    return transport.dial(addr).subscribe(
      handingOn(subscriber, (raw) => {
        handedOn = true;
        raw.scope = scope;
        subscriber.next(raw);
      }),
    );
  });
}

function registered<C>(upgraded: Upgraded, { register }: ConnectDeps<C>): C {
  try {
    return register(upgraded);
  } catch (thrown) {
    const error = asError(thrown);
    // One that the gater refused was closed with a code, which is still on its way.
    if (!(error instanceof GatedError)) upgraded.duplex.sink.error(error);
    upgraded.raw.scope?.done();
    throw new Unregistered(error);
  }
}

function noTransport(addr: string): Error {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `no transport for protocol: none dials ${addr}`);
}
