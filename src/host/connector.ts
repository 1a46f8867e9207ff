/** From a target to a connection or a stream: on an open connection, or on a new one. */
import {
  catchError,
  defer,
  EMPTY,
  map,
  Observable,
  of,
  scan,
  switchMap,
  takeWhile,
  tap,
  throwError,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent } from '../core/events.js';
import { asError, codeOf, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { HostConnection } from '../connection/connection.js';
import { withLimits } from '../rx/call-limits.js';
import type { DialCall, Dialer } from '../swarm/dialer.js';
import type { ConnectionRegistry } from '../swarm/registry.js';
import { whenUnlimited } from '../swarm/when-unlimited.js';
import type { Target } from './contract.js';
import { resolveTarget, type ResolvedTarget } from './targets.js';

type Routing = (peer: PeerId) => Observable<readonly Multiaddr[]>;

export interface ConnectorDeps {
  readonly self: PeerId;
  readonly scheduler: SchedulerLike;
  readonly registry: ConnectionRegistry;
  readonly dialer: Dialer<HostConnection>;
  readonly routing: Routing | undefined;
  /** How long a stream waits for a connection that is not limited. */
  readonly peerTimeoutMs: number;
}

export class Connector {
  constructor(private readonly deps: ConnectorDeps) {}

  /** Emits one connection and completes. Errors come through the scheduler, so that a synchronous retry cannot recurse. */
  dial(target: Target, options: DialOptions): Observable<HostConnection> {
    return this.resolved(target).pipe(switchMap((found) => this.connect(found, options)));
  }

  /** An open connection if there is one, or as `dial`. */
  connected(target: Target): Observable<HostConnection> {
    return this.resolved(target).pipe(
      switchMap((found) => {
        const known = this.deps.registry.best(found.peer);
        return known === undefined ? this.connect(found, {}) : of(known);
      }),
    );
  }

  /** The events of a dial; never errors. */
  updates(target: Target, options: DialOptions): Observable<DialEvent> {
    return this.resolved(target).pipe(
      switchMap((found) => this.deps.dialer.updates(this.call(found, options))),
      catchError((error: unknown) => this.deps.dialer.refused(error)),
    );
  }

  /** Emits one stream and completes; dials once, if it has to and may. */
  newStream(
    target: Target,
    protocols: string | readonly string[],
    options: NewStreamOptions,
  ): Observable<Stream> {
    return this.resolved(target).pipe(
      switchMap((found) => this.open(found, protocols, options, options.noDial !== true)),
    );
  }

  /** A connection that turns out to be gone is passed over, and does not use up the dial. @source go-libp2p swarm, STR-1 to STR-3 */
  private open(
    found: ResolvedTarget,
    protocols: string | readonly string[],
    options: NewStreamOptions,
    mayDial: boolean,
  ): Observable<Stream> {
    const { registry } = this.deps;
    const { runOnLimitedConnection, ...perStream } = options;
    const known = registry.best(found.peer);
    if (known === undefined && !mayDial) return this.late(noConnection(found.peer));
    const mayDialLater = mayDial && known !== undefined;
    return (known === undefined ? this.connect(found, {}) : of(known)).pipe(
      switchMap((connection) => this.usable(connection, runOnLimitedConnection === true)),
      switchMap((connection) =>
        connection.newStream(protocols, perStream).pipe(
          catchError((error: unknown) => {
            const isStale = connection.isClosed && (mayDialLater || registry.best(found.peer) !== undefined);
            return isStale ? this.open(found, protocols, options, mayDialLater) : throwError(() => error);
          }),
        ),
      ),
    );
  }

  /** A limited connection is for those who ask for it; the others wait until there is another one (STR-5 to STR-7). */
  private usable(connection: HostConnection, limitedWillDo: boolean): Observable<HostConnection> {
    if (!connection.limited || limitedWillDo) return of(connection);
    const { registry, peerTimeoutMs, scheduler } = this.deps;
    return withLimits(
      whenUnlimited(registry.ofPeer$(connection.remotePeer)),
      { timeoutMs: peerTimeoutMs },
      'waiting for a connection that is not limited',
      scheduler,
    );
  }

  private resolved(target: Target): Observable<ResolvedTarget> {
    return defer(() => {
      try {
        const found = resolveTarget(target);
        return found.peer.equals(this.deps.self)
          ? this.late(new Libp2pError('ERR_DIAL_SELF', 'local', 'dial to self attempted'))
          : of(found);
      } catch (error) {
        return this.late(error);
      }
    });
  }

  /** Where all that the caller gave has failed, routing is asked, and what is new is tried once more. @source HOST-60 */
  private connect(found: ResolvedTarget, options: DialOptions): Observable<HostConnection> {
    const { dialer, routing } = this.deps;
    const dialed$ = dialer.dial(this.call(found, options));
    if (routing === undefined || found.addrs.length === 0) return dialed$;
    const isNew = (addr: Multiaddr): boolean => !found.addrs.some((given) => given.equals(addr));
    const fresh$ = routed(routing, found.peer).pipe(map((addrs) => addrs.filter(isNew)));
    return dialed$.pipe(
      catchError((first: unknown) =>
        dialer
          .dial({ peer: found.peer, options, addr$: fresh$ })
          .pipe(
            catchError((second: unknown) =>
              throwError(() => (codeOf(second) === 'ERR_NO_ADDRESSES' ? first : second)),
            ),
          ),
      ),
    );
  }

  /** What the caller gave; if that is nothing, what routing finds, as it finds it. */
  private call({ peer, addrs }: ResolvedTarget, options: DialOptions): DialCall {
    const { routing } = this.deps;
    const addr$ = addrs.length > 0 || routing === undefined ? of(addrs) : routed(routing, peer);
    return { peer, options, addr$ };
  }

  private late(error: unknown): Observable<never> {
    return new Observable<never>((subscriber) =>
      this.deps.scheduler.schedule(() => {
        subscriber.error(error);
      }, 0),
    );
  }
}

/** Addresses that are taken from routing for one dial, so that an answer without end does not fill memory. */
const MAX_FOUND = 1_000;

/** All that was found so far, as it is found. A failure behind finds ends them; one without any is the dial's. */
function routed(routing: Routing, peer: PeerId): Observable<readonly Multiaddr[]> {
  return defer(() => {
    let hasFound = false;
    return defer(() => routing(peer)).pipe(
      scan((found: readonly Multiaddr[], more) => [...found, ...more].slice(0, MAX_FOUND), []),
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

export function stoppedError(): Libp2pError {
  return new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped');
}

function noConnection(peer: PeerId): Libp2pError {
  return new Libp2pError('ERR_NO_CONNECTION', 'local', `there is no connection to ${peer.toString()}`);
}
