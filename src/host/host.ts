import {
  catchError,
  defer,
  EMPTY,
  ignoreElements,
  merge,
  mergeMap,
  Subject,
  takeUntil,
  tap,
  throwError,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent, HostEvent } from '../core/events.js';
import type { PeerId } from '../core/identity.js';
import type { RawConnection } from '../core/parts.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { HostConnection, type ConnectionDeps } from '../connection/connection.js';
import type { Upgraded } from '../connection/upgrade.js';
import { settle } from '../promises/settle.js';
import { withLimits } from '../rx/call-limits.js';
import { guard } from '../rx/guarded.js';
import { Permits } from '../rx/permits.js';
import type { DialRequest } from '../swarm/dial-state.js';
import type { Dialer } from '../swarm/dialer.js';
import type { EventLog } from '../swarm/event-log.js';
import { closeIdleConnections, IDLE_CONNECTION_MS } from '../swarm/idle-connections.js';
import { PendingInbound } from '../swarm/pending.js';
import { ConnectionRegistry } from '../swarm/registry.js';
import { Connector, stoppedError } from './connector.js';
import type { HandleOptions, Host, ProtocolMatcher, Target } from './contract.js';
import { Listeners } from './listeners.js';
import { makeDialer, type DialingDeps, type DialingOwner } from './make-dialer.js';
import { Router } from './router.js';
import { StreamEvents } from './stream-events.js';

/** How long the platform may take to let go of the sockets. @source P23 */
const STOP_MS = 5_000;

export interface HostDeps extends DialingDeps {
  readonly self: PeerId;
  readonly routing: ((peer: PeerId) => Observable<readonly Multiaddr[]>) | undefined;
}

export class SwarmHost implements Host, DialingOwner {
  readonly peerId: PeerId;
  readonly services: Record<string, unknown> = {};
  readonly descriptors: Permits;
  private readonly log: EventLog;
  private readonly registry: ConnectionRegistry;
  private readonly router: Router;
  private readonly listeners: Listeners;
  private readonly dialer: Dialer<HostConnection>;
  private readonly connector: Connector;
  private readonly pending: PendingInbound;
  private readonly accepted = new Subject<RawConnection>();
  /** The host's one subscription: its dialer, the channels that come in, and the connections that nobody uses. */
  private readonly working: Subscription;
  private readonly connectionDeps: ConnectionDeps;
  private nextConnection = 1;
  private stopping: Promise<void> | undefined;
  private readonly report = (error: unknown): void => {
    this.log.unhandled(error);
  };

  constructor(private readonly deps: HostDeps) {
    this.peerId = deps.self;
    this.log = deps.log;
    this.registry = new ConnectionRegistry(deps.log);
    this.router = new Router(deps.log);
    this.pending = new PendingInbound(deps, deps.scheduler);
    this.descriptors = new Permits(deps.numbers.descriptors);
    this.dialer = makeDialer(deps, this);
    this.connector = new Connector({
      ...deps,
      registry: this.registry,
      dialer: this.dialer,
      peerTimeoutMs: deps.numbers.peerTimeoutMs,
    });
    this.connectionDeps = this.makeConnectionDeps();
    // As many at once as `pending` lets in.
    const inbound$ = this.accepted.pipe(mergeMap((raw) => this.takeIn(raw)));
    this.working = merge(this.dialer.work$, inbound$, this.closeIdle()).subscribe({ error: this.report });
    this.listeners = new Listeners(deps.self, deps.transports, deps.log, (raw) => {
      if (this.isStopping) raw.duplex.sink.error(stoppedError());
      else this.accepted.next(raw);
    });
  }

  // ── what is true now, and what happens ─────────────────────────────────────────────────────────────────────────────
  get addrs(): readonly Multiaddr[] {
    return this.listeners.addrs;
  }
  get addrs$(): Observable<readonly Multiaddr[]> {
    return this.listeners.addrs$;
  }
  get connections(): readonly Connection[] {
    return this.registry.connections;
  }
  get connections$(): Observable<readonly Connection[]> {
    return this.registry.connections$;
  }
  get peers(): readonly PeerId[] {
    return this.registry.peers;
  }
  get peers$(): Observable<readonly PeerId[]> {
    return this.registry.peers$;
  }
  get protocols(): readonly string[] {
    return this.router.protocols;
  }
  get event$(): Observable<HostEvent> {
    return this.log.event$;
  }
  get inbound$(): Observable<Stream> {
    return this.router.inbound$;
  }
  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** What dialing holds on to, for tests that count what is left behind; no part of the public face. */
  get dialing(): { readonly callers: number; readonly descriptors: number; readonly backedOff: number } {
    const { inUse, waiting } = this.descriptors;
    return { callers: this.dialer.pending, descriptors: inUse + waiting, backedOff: this.deps.backoff.size };
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────
  listen(addr: string | Multiaddr): Observable<Listener> {
    return guard(
      defer(() => (this.isStopping ? throwError(stoppedError) : this.listeners.listen(addr))),
      this.report,
    );
  }

  handle(
    protocols: string | readonly string[] | ProtocolMatcher,
    options: HandleOptions = {},
  ): Observable<Stream> {
    return this.router.handle(protocols, options);
  }

  dial(target: Target, options: DialOptions = {}): Observable<Connection> {
    const { signal } = options;
    const dialed$ = this.connector.dial(target, options);
    return guard(withLimits(dialed$, { signal }, 'dialing', this.deps.scheduler), this.report);
  }

  dialUpdates(target: Target, options: DialOptions = {}): Observable<DialEvent> {
    return guard(this.connector.updates(target, options), this.report);
  }

  clearDialBackoff(peer?: PeerId | string): void {
    this.deps.backoff.clear(peer?.toString());
  }

  newStream(
    target: Target,
    protocols: string | readonly string[],
    options: NewStreamOptions = {},
  ): Observable<Stream> {
    const { signal, ...others } = options;
    const opened$ = this.connector.newStream(target, protocols, others);
    return guard(withLimits(opened$, { signal }, 'opening a stream', this.deps.scheduler), this.report);
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A connection for this dial that is there already; one that is forced asks for none. */
  acceptable({ peer, options }: DialRequest): HostConnection | undefined {
    return options.force === true ? undefined : this.registry.best(peer, options);
  }

  /** Takes a dialed connection; throws ERR_HOST_STOPPED. */
  register(upgraded: Upgraded): HostConnection {
    if (this.isStopping) throw stoppedError();
    return this.add('outbound', upgraded);
  }

  /** From a channel to one of the host's connections. Never errors: whom it was not to be is an event. */
  private takeIn(raw: RawConnection): Observable<never> {
    return this.pending.upgrade(raw).pipe(
      tap((upgraded) => this.add('inbound', upgraded)),
      ignoreElements(),
      catchError((error: unknown) => {
        const stage = error instanceof LimitError ? 'accept' : 'upgrade';
        this.log.fail({ type: 'connection:refuse', addr: raw.remoteAddr.toString(), stage }, error);
        return EMPTY;
      }),
    );
  }

  private add(direction: 'inbound' | 'outbound', upgraded: Upgraded): HostConnection {
    const id = `${upgraded.remotePeer.toString().slice(0, 10)}-${String(this.nextConnection)}`;
    this.nextConnection += 1;
    const connection = new HostConnection(id, direction, upgraded, this.connectionDeps);
    this.registry.add(connection);
    // The peer can be reached. @source BACK-6
    this.deps.backoff.clear(upgraded.remotePeer.toString());
    // Behind the events too: a stream is never seen before its connection.
    this.log.emissions.run(() => {
      connection.start();
    });
    return connection;
  }

  private closeIdle(): Observable<never> {
    const { registry, deps } = this;
    return closeIdleConnections<HostConnection>({
      scheduler: deps.scheduler,
      idleMs: IDLE_CONNECTION_MS,
      connections: () => registry.connections,
      opened$: registry.opened$,
      isProtected: () => false,
      pruned: (connection) => {
        const { remotePeer: peerId, id } = connection;
        const fields = {
          peer: peerId.toString(),
          connectionId: id,
          reason: 'idle',
          value: IDLE_CONNECTION_MS,
        };
        deps.log.say({ type: 'connection:prune', ...fields }, { peerId, connection });
      },
    });
  }

  private makeConnectionDeps(): ConnectionDeps {
    const events = new StreamEvents(this.log);
    return {
      scheduler: this.deps.scheduler,
      route: (protocol) => this.router.route(protocol),
      streamOpened: events.opened,
      streamClosed: events.closed,
      handlerFailed: events.handlerFailed,
      closed: (connection, reason) => {
        this.registry.remove(connection, reason);
      },
      limitMet: (error) => {
        const { scope, limit, value } = error;
        this.log.fail({ type: 'limit:refuse', scope, limit, value }, error);
      },
      report: this.report,
    };
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private async shutDown(): Promise<void> {
    // What follows asks whether the host is stopping, and that is true only once this has returned its promise.
    await settle();
    this.listeners.stop();
    this.dialer.stop(stoppedError());
    this.working.unsubscribe();
    this.router.stop();
    const open = this.registry.connections;
    for (const connection of open)
      connection.abort(new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped'));
    this.registry.complete();
    this.listeners.complete();
    this.log.complete();
    const released$ = merge(...open.flatMap((connection) => connection.released$ ?? []));
    await settle(released$.pipe(takeUntil(timer(STOP_MS, this.deps.scheduler))));
  }
}
