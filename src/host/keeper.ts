/** Which connections stay: the connection manager and `keepConnected`, as the host's face shows them. */
import { EMPTY, switchMap, takeUntil, type Observable } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import type { PeerId, RandomSource } from '../core/identity.js';
import { peerIdFrom } from '../core/peer-id.js';
import { show } from '../core/show.js';
import type { HostConnection } from '../connection/connection.js';
import { guard } from '../rx/guarded.js';
import { ConnectionManager, type ConnectionManagerDeps } from '../swarm/connection-manager.js';
import { closeIdleConnections, IDLE_CONNECTION_MS } from '../swarm/idle-connections.js';
import { keepConnected } from '../swarm/keep-connected.js';
import type { ConnectionRegistry } from '../swarm/registry.js';
import type { Connector } from './connector.js';
import type { Target } from './contract.js';

export interface KeeperDeps extends ConnectionManagerDeps {
  readonly random: RandomSource;
  readonly registry: ConnectionRegistry;
  readonly connector: Connector;
}

export class Keeper {
  readonly manager: ConnectionManager;

  constructor(private readonly deps: KeeperDeps) {
    this.manager = new ConnectionManager(deps);
  }

  /** @see Host.protect */
  protect(peer: PeerId | string, tag: string): Observable<never> {
    return this.manager.protect(() => peerOf(peer), tag);
  }

  /** @see Host.keepConnected */
  keepConnected(target: Target): Observable<HostConnection> {
    const { connector, log } = this.deps;
    const connection$ = connector.resolved(target).pipe(
      switchMap(({ peer }) =>
        keepConnected<HostConnection>(peer, connector.dial(target, {}), {
          ...this.deps,
          protect: (kept) => this.protect(kept, 'keepConnected'),
        }),
      ),
      takeUntil(this.manager.stopped$),
    );
    return guard(connection$, (error) => {
      log.unhandled(error);
    });
  }

  /** @see Host.tag */
  tag(peer: PeerId | string, name: string, value: number | undefined): void {
    if (value !== undefined && !Number.isFinite(value))
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `tag: the value of ${show(name)} is ${show(value)}; it takes a number, or undefined`,
      );
    this.manager.tag(peerOf(peer).toString(), name, value);
  }

  /** Closes what nobody has used for long and nobody protects; emits nothing. Where nothing is pruned, neither is this. */
  closeIdle(): Observable<never> {
    const { registry, scheduler, log, numbers } = this.deps;
    if (numbers.high === 0) return EMPTY;
    return closeIdleConnections<HostConnection>({
      scheduler,
      idleMs: IDLE_CONNECTION_MS,
      connections: () => registry.connections,
      opened$: registry.opened$,
      closed$: registry.closed$,
      isProtected: (peer) => this.manager.isProtected(peer.toString()),
      pruned: (connection) => {
        const { remotePeer: peerId, id: connectionId } = connection;
        const fields = { peer: peerId.toString(), connectionId, reason: 'idle', value: IDLE_CONNECTION_MS };
        log.say({ type: 'connection:prune', ...fields }, { peerId, connection });
      },
    });
  }

  stop(): void {
    this.manager.stop();
  }
}

function peerOf(peer: PeerId | string): PeerId {
  return typeof peer === 'string' ? peerIdFrom(peer) : peer;
}
