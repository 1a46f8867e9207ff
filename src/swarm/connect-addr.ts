/** From an address to an upgraded connection, with news on the way: what the dial worker calls dialing. */
import { defer, map, switchMap, throwError, type Observable } from 'rxjs';
import { asError, Libp2pError } from '../core/errors.js';
import type { Transport } from '../core/parts.js';
import { upgradeOutbound, type UpgradeDeps, type Upgraded } from '../connection/upgrade.js';
import { Unregistered, type ConnectUpdate } from './dial-attempt.js';
import type { AttemptTask } from './dial-state.js';
import { GatedError } from './gate.js';

export interface ConnectDeps<C> extends UpgradeDeps {
  readonly transports: readonly Transport[];
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
    return transport === undefined ? throwError(() => noTransport(addr.toString())) : transport.dial(addr);
  }).pipe(
    switchMap((raw) => upgradeOutbound(raw, peer, deps, options.simultaneousConnect)),
    map((update): ConnectUpdate<C> =>
      update.type === 'upgraded'
        ? { type: 'connected', connection: registered(update.upgraded, deps) }
        : update,
    ),
  );
}

function registered<C>(upgraded: Upgraded, { register }: ConnectDeps<C>): C {
  try {
    return register(upgraded);
  } catch (thrown) {
    const error = asError(thrown);
    // One that the gater refused was closed with a code, which is still on its way.
    if (!(error instanceof GatedError)) upgraded.duplex.sink.error(error);
    throw new Unregistered(error);
  }
}

function noTransport(addr: string): Error {
  return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', `no transport for protocol: none dials ${addr}`);
}
