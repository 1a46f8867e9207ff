/** The host's dialer: its settings, its transports, what it knows of itself, put together. */
import { defer, map, throwError, type Observable, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialStrategy } from '../core/dial-contract.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerId } from '../core/identity.js';
import { protocolNames, splitPeer } from '../core/multiaddr.js';
import type { HostConnection } from '../connection/connection.js';
import type { UpgradeDeps, Upgraded } from '../connection/upgrade.js';
import type { Permits } from '../rx/permits.js';
import type { DialBackoff } from '../swarm/backoff.js';
import { BlackHoles, type BlackHoleOptions } from '../swarm/black-hole.js';
import { connectAddr } from '../swarm/connect-addr.js';
import type { DialRequest } from '../swarm/dial-state.js';
import { Dialer } from '../swarm/dialer.js';
import type { EventLog } from '../swarm/event-log.js';
import type { Transport } from '../core/parts.js';
import type { DialNumbers } from './dial-options.js';
import { bareAddr } from './targets.js';

export interface DialingDeps extends UpgradeDeps {
  readonly scheduler: SchedulerLike;
  readonly transports: readonly Transport[];
  readonly log: EventLog;
  readonly numbers: DialNumbers;
  readonly backoff: DialBackoff;
  readonly blackHole: BlackHoleOptions;
  readonly strategy: DialStrategy;
  readonly resolve: (addr: Multiaddr, peer: PeerId) => Observable<readonly Multiaddr[]>;
  readonly gater: Partial<ConnectionGater>;
}
export interface DialingOwner {
  /** File descriptors for dials, over all peers. */
  readonly descriptors: Permits;
  readonly addrs: readonly Multiaddr[];
  acceptable(request: DialRequest): HostConnection | undefined;
  /** Throws where the host takes no connection any more. */
  register(upgraded: Upgraded): HostConnection;
}

export function makeDialer(deps: DialingDeps, owner: DialingOwner): Dialer<HostConnection> {
  const { log, transports, scheduler, gater, numbers } = deps;
  const register = (upgraded: Upgraded): HostConnection => owner.register(upgraded);
  return new Dialer<HostConnection>({
    ...numbers,
    scheduler,
    log,
    strategy: deps.strategy,
    backoff: deps.backoff,
    descriptors: owner.descriptors,
    blackHoles: new BlackHoles(deps.blackHole, (name, state, successFraction) => {
      log.say({ type: 'blackhole:change', name, state, successFraction });
    }),
    acceptable: (request) => owner.acceptable(request),
    canDial: (addr) => transports.some((transport) => transport.canDial(addr)),
    resolve: (addr, peer) =>
      defer(() => deps.resolve(addr, peer)).pipe(map((found) => found.map((one) => bareAddr(one, peer)))),
    refusesPeer: (peer) => gated(() => gater.allowDialPeer?.(peer), 'peer'),
    refusesAddr: (peer, planned) => {
      const addr = bareAddr(planned, peer);
      return isOwn(addr, owner.addrs)
        ? new Libp2pError('ERR_DIAL_SELF', 'local', 'dial to self attempted: this host listens there')
        : gated(() => gater.allowDialAddr?.(peer, addr), 'address');
    },
    connect: (task) => connectAddr(task, { ...deps, register }),
  });
}

/** A gater that throws has not allowed. */
function gated(ask: () => boolean | undefined, what: string): Error | undefined {
  try {
    return ask() === false
      ? new Libp2pError('ERR_GATED', 'local', `gater disallows connection to peer: it refused the ${what}`)
      : undefined;
  } catch (thrown) {
    const cause = asError(thrown);
    return new Libp2pError('ERR_GATED', 'local', `the gater threw: ${cause.message}`, { cause });
  }
}

/** One of our own listen addresses, as they are bound. @source go-libp2p swarm, FILT-2 (4b) */
function isOwn(addr: Multiaddr, ours: readonly Multiaddr[]): boolean {
  const [first] = protocolNames(addr);
  return (
    (first === 'ip4' || first === 'ip6') &&
    ours.some((own) => splitPeer(own).transport?.equals(addr) === true)
  );
}

/** For a host without a resolver. */
export function noResolver(addr: Multiaddr): Observable<readonly Multiaddr[]> {
  return throwError(
    () => new Libp2pError('ERR_RESOLVE', 'local', `nothing here resolves ${addr.toString()}`),
  );
}
