/** From a target to a connection or a stream: on an open connection, or on a new one. */
import {
  catchError,
  defer,
  map,
  Observable,
  of,
  switchMap,
  throwError,
  throwIfEmpty,
  timer,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent } from '../core/events.js';
import { codeOf, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { HostConnection } from '../connection/connection.js';
import { NEGOTIATION_MS } from '../connection/negotiation.js';
import { withLimits } from '../rx/call-limits.js';
import type { DialCall, Dialer } from '../swarm/dialer.js';
import type { ConnectionRegistry } from '../swarm/registry.js';
import { whenUnlimited } from '../swarm/when-unlimited.js';
import type { Target } from './contract.js';
import { routedAddrs, type Routing } from './routed-addrs.js';
import type { PeerBook } from './peer-book.js';
import { resolveTarget, type ResolvedTarget } from './targets.js';

export interface ConnectorDeps {
  readonly self: PeerId;
  readonly scheduler: SchedulerLike;
  readonly registry: ConnectionRegistry;
  readonly dialer: Dialer<HostConnection>;
  readonly routing: Routing | undefined;
  readonly peerBook: Pick<PeerBook, 'addrsOf' | 'hint'>;
  /** How long a dial may take, and how long a stream waits for a connection that is not limited. */
  readonly peerTimeoutMs: number;
}
/** What a stream is opened for, and when its call is out of time. */
interface StreamCall {
  readonly found: ResolvedTarget;
  readonly protocols: string | readonly string[];
  readonly options: NewStreamOptions;
  readonly endsAt: number;
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
      switchMap((found) => this.deps.dialer.updates(this.call(this.known(found), options))),
      catchError((error: unknown) => this.deps.dialer.refused(error)),
    );
  }

  /**
   * Emits one stream and completes; dials once, if it has to and may. The deadline is the whole call's, and the stage that
   * meets it tells: a dial with all that it still waited for.
   */
  newStream(
    target: Target,
    protocols: string | readonly string[],
    { timeoutMs = NEGOTIATION_MS, ...options }: NewStreamOptions,
  ): Observable<Stream> {
    return this.resolved(target).pipe(
      switchMap((found) => {
        const endsAt = this.deps.scheduler.now() + timeoutMs;
        return this.open({ found, protocols, options, endsAt }, options.noDial !== true);
      }),
    );
  }

  /** A connection that turns out to be gone is passed over, and does not use up the dial. @source go-libp2p swarm, STR-1 to STR-3 */
  private open(call: StreamCall, mayDial: boolean): Observable<Stream> {
    const { registry } = this.deps;
    const { found, protocols, options } = call;
    const known = registry.best(found.peer);
    if (known === undefined && !mayDial) return this.late(noConnection(found.peer));
    const mayDialLater = mayDial && known !== undefined;
    return (known === undefined ? this.connect(found, { timeoutMs: this.msLeft(call) }) : of(known)).pipe(
      switchMap((connection) => this.usable(connection, call)),
      switchMap((connection) =>
        connection.newStream(protocols, { ...options, timeoutMs: this.msLeft(call) }).pipe(
          // Judged a turn later: the streams of a connection end before it does.
          catchError((error: unknown) =>
            timer(0, this.deps.scheduler).pipe(
              switchMap(() => {
                const isStale =
                  connection.isClosed && (mayDialLater || registry.best(found.peer) !== undefined);
                return isStale ? this.open(call, mayDialLater) : throwError(() => error);
              }),
            ),
          ),
        ),
      ),
    );
  }

  /** A limited connection is for those who ask for it; the others wait until there is another one (STR-5 to STR-7). */
  private usable(connection: HostConnection, call: StreamCall): Observable<HostConnection> {
    if (!connection.limited || call.options.runOnLimitedConnection === true) return of(connection);
    const { registry, peerTimeoutMs, scheduler } = this.deps;
    return withLimits(
      whenUnlimited(registry.ofPeer$(connection.remotePeer)).pipe(throwIfEmpty(stoppedError)),
      { timeoutMs: Math.min(peerTimeoutMs, this.msLeft(call)) },
      'waiting for a connection that is not limited',
      scheduler,
    );
  }

  private msLeft({ endsAt }: StreamCall): number {
    return Math.max(0, endsAt - this.deps.scheduler.now());
  }

  /** Who is meant; errors through the scheduler. */
  resolved(target: Target): Observable<ResolvedTarget> {
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

  private connect(given: ResolvedTarget, options: DialOptions): Observable<HostConnection> {
    const { dialer, routing, scheduler, peerTimeoutMs } = this.deps;
    const found = this.known(given);
    if (routing === undefined || found.addrs.length === 0) return dialer.dial(this.call(found, options));
    return defer(() => {
      const endsAt = scheduler.now() + (options.timeoutMs ?? peerTimeoutMs);
      return dialer.dial(this.call(found, options)).pipe(
        catchError((first: unknown) => {
          const timeoutMs = endsAt - scheduler.now();
          return timeoutMs > 0 && FOUND_NO_WAY.has(codeOf(first))
            ? this.connectAnew(found, routing, { ...options, timeoutMs }, first)
            : throwError(() => first);
        }),
      );
    });
  }

  /** Where all that was known has failed, routing is asked, and what is new is tried once more. @source HOST-60 */
  private connectAnew(
    { peer, addrs }: ResolvedTarget,
    routing: Routing,
    options: DialOptions,
    first: unknown,
  ): Observable<HostConnection> {
    const isNew = (addr: Multiaddr): boolean => !addrs.some((given) => given.equals(addr));
    const fresh$ = routedAddrs(routing, peer).pipe(map((found) => found.filter(isNew)));
    return this.deps.dialer
      .dial({ peer, options, addr$: fresh$ })
      .pipe(
        catchError((second: unknown) =>
          throwError(() => (codeOf(second) === 'ERR_NO_ADDRESSES' ? first : second)),
        ),
      );
  }

  /** What the caller gave, which is remembered; if that is nothing, what the peerstore knows. @source RES-1, HOST-30 */
  private known({ peer, addrs }: ResolvedTarget): ResolvedTarget {
    const { peerBook } = this.deps;
    peerBook.hint(peer, addrs);
    return { peer, addrs: addrs.length > 0 ? addrs : peerBook.addrsOf(peer) };
  }

  /** What is known; if that is nothing, what routing finds, as it finds it. */
  private call({ peer, addrs }: ResolvedTarget, options: DialOptions): DialCall {
    const { routing } = this.deps;
    const addr$ = addrs.length > 0 || routing === undefined ? of(addrs) : routedAddrs(routing, peer);
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

/** How a dial ends that had its time and was allowed, and did not reach the peer. */
const FOUND_NO_WAY: ReadonlySet<string> = new Set(['ERR_DIAL_FAILED', 'ERR_NO_ADDRESSES']);

export function stoppedError(): Libp2pError {
  return new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped');
}

function noConnection(peer: PeerId): Libp2pError {
  return new Libp2pError('ERR_NO_CONNECTION', 'local', `there is no connection to ${peer.toString()}`);
}
