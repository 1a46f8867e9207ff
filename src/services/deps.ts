/** What the host gives its own services to work with. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId, PrivateKey, RandomSource } from '../core/identity.js';
import type { HostPeerStore, PeerStore } from '../core/peer-store-contract.js';
import type { Stream } from '../core/stream-contract.js';
import type { Target } from '../core/target.js';
import type { HostConnection } from '../connection/connection.js';
import type { RemoteProtocols } from '../connection/remote-protocols.js';
import type { EventLog } from '../swarm/event-log.js';
import type { ConnectionRegistry } from '../swarm/registry.js';

/** A store of somebody else may lack what only the host's own parts use. */
export type ServicePeerStore = PeerStore & Partial<HostPeerStore>;

export interface ServiceDeps {
  readonly scheduler: SchedulerLike;
  /** Ms since 1970: for the sequence of our own records only. */
  readonly wallClock: () => number;
  readonly random: RandomSource;
  readonly log: EventLog;
  readonly self: PeerId;
  readonly privateKey: PrivateKey;
  readonly userAgent: string;
  readonly protocolVersion: string;
  readonly registry: Pick<ConnectionRegistry, 'opened$' | 'closed$' | 'ofPeer' | 'connections'>;
  readonly router: {
    readonly protocols: readonly string[];
    readonly change$: Observable<void>;
    handle(protocol: string, options: { readonly runOnLimitedConnection: boolean }): Observable<Stream>;
  };
  /** Where this host can be reached, each with `/p2p/`. */
  readonly addrs: { get(): readonly Multiaddr[]; readonly addrs$: Observable<readonly Multiaddr[]> };
  readonly peerStore: ServicePeerStore;
  /** An open connection, or a new one. */
  readonly connect: (target: Target) => Observable<HostConnection>;
  /** From now on, streams ask here what the remote supports. */
  readonly informStreams: (ask: (connection: HostConnection) => RemoteProtocols | undefined) => void;
  /** Errors that nobody handles. */
  readonly report: (error: unknown) => void;
}
