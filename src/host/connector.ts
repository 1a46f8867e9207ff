/** From a target to a connection: an open one, or a new one. */
import { Observable, type SchedulerLike } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { HostConnection } from '../connection/connection.js';
import type { Upgraded } from '../connection/upgrade.js';
import { dialPeer, type DialDeps } from '../swarm/dial.js';
import type { ConnectionRegistry } from '../swarm/registry.js';
import type { Target } from './contract.js';
import { resolveTarget, type ResolvedTarget } from './targets.js';

export interface ConnectorOwner {
  readonly isStopping: boolean;
  readonly peerId: PeerId;
  /** Registers a dialed connection and calls back behind its events. */
  settle(upgraded: Upgraded, emit: (connection: HostConnection) => void): void;
}
export interface ConnectOptions {
  readonly force?: boolean | undefined;
  readonly noDial?: boolean | undefined;
}

export class Connector {
  private readonly scheduler: SchedulerLike;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly deps: DialDeps,
    private readonly owner: ConnectorOwner,
  ) {
    this.scheduler = deps.scheduler;
  }

  /** Emits one connection and completes. Errors come through the scheduler, so that a synchronous retry cannot recurse. */
  connect(target: Target, options: ConnectOptions): Observable<HostConnection> {
    return new Observable<HostConnection>((subscriber) => {
      const fail = (error: unknown): void => {
        subscriber.add(
          this.scheduler.schedule(() => {
            subscriber.error(error);
          }, 0),
        );
      };
      const emit = (connection: HostConnection): void => {
        subscriber.next(connection);
        subscriber.complete();
      };
      try {
        const resolved = this.resolve(target);
        const open = options.force === true ? undefined : this.registry.best(resolved.peer);
        if (open !== undefined) emit(open);
        else if (options.noDial === true) fail(noConnection(resolved.peer));
        else subscriber.add(this.dial(resolved, emit, fail));
      } catch (error) {
        fail(error);
      }
    });
  }

  private dial(
    { peer, addrs }: ResolvedTarget,
    emit: (connection: HostConnection) => void,
    fail: (error: unknown) => void,
  ): ReturnType<Observable<unknown>['subscribe']> {
    return dialPeer(peer, addrs, this.deps).subscribe({
      next: (upgraded) => {
        if (this.owner.isStopping) {
          upgraded.duplex.sink.error(stoppedError());
          fail(stoppedError());
        } else this.owner.settle(upgraded, emit);
      },
      error: fail,
    });
  }

  private resolve(target: Target): ResolvedTarget {
    if (this.owner.isStopping) throw stoppedError();
    const resolved = resolveTarget(target);
    if (resolved.peer.equals(this.owner.peerId))
      throw new Libp2pError('ERR_DIAL_SELF', 'local', 'dial to self attempted');
    return resolved;
  }
}

export function stoppedError(): Libp2pError {
  return new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped');
}

function noConnection(peer: PeerId): Libp2pError {
  return new Libp2pError('ERR_NO_CONNECTION', 'local', `there is no connection to ${peer.toString()}`);
}
