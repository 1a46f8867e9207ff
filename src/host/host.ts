import { defer, merge, Subscription, switchMap, throwError, type Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { DialOptions } from '../core/dial-contract.js';
import type { HostEvent } from '../core/events.js';
import type { PeerId } from '../core/identity.js';
import type { RawConnection } from '../core/parts.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { HostConnection, type ConnectionDeps } from '../connection/connection.js';
import { NEGOTIATION_MS } from '../connection/stream-opener.js';
import type { Upgraded } from '../connection/upgrade.js';
import { settle } from '../promises/settle.js';
import { withLimits } from '../rx/call-limits.js';
import { guard } from '../rx/guarded.js';
import type { DialDeps } from '../swarm/dial.js';
import type { EventLog } from '../swarm/event-log.js';
import { PendingInbound } from '../swarm/pending.js';
import { ConnectionRegistry } from '../swarm/registry.js';
import { Connector, stoppedError, type ConnectorOwner } from './connector.js';
import type { HandleOptions, Host, ProtocolMatcher, Target } from './contract.js';
import { Listeners } from './listeners.js';
import { Router } from './router.js';
import { StreamEvents } from './stream-events.js';

export interface HostDeps extends DialDeps {
  readonly self: PeerId;
  readonly log: EventLog;
}

export class SwarmHost implements Host, ConnectorOwner {
  readonly peerId: PeerId;
  readonly services: Record<string, unknown> = {};
  private readonly log: EventLog;
  private readonly registry: ConnectionRegistry;
  private readonly router: Router;
  private readonly listeners: Listeners;
  private readonly connector: Connector;
  private readonly pending: PendingInbound;
  /** What the host itself is subscribed to: the inbound upgrades under way. */
  private readonly upgrading = new Subscription();
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
    this.connector = new Connector(this.registry, deps, this);
    this.listeners = new Listeners(deps.self, deps.transports, deps.log, (raw) => {
      this.accept(raw);
    });
    this.connectionDeps = this.makeConnectionDeps();
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

  dial(target: Target, { force, ...limits }: DialOptions = {}): Observable<Connection> {
    const dialed$ = this.connector.connect(target, { force });
    return guard(withLimits(dialed$, limits, 'dialing', this.deps.scheduler), this.report);
  }

  newStream(
    target: Target,
    protocols: string | readonly string[],
    options: NewStreamOptions = {},
  ): Observable<Stream> {
    const { noDial, signal, timeoutMs = NEGOTIATION_MS, ...perStream } = options;
    const opened$ = this.connector
      .connect(target, { noDial })
      .pipe(switchMap((connection) => connection.newStream(protocols, perStream)));
    return guard(
      withLimits(opened$, { signal, timeoutMs }, 'opening a stream', this.deps.scheduler),
      this.report,
    );
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────────
  settle(upgraded: Upgraded, emit: (connection: HostConnection) => void): void {
    const connection = this.register('outbound', upgraded);
    // Behind the events of the new connection: whoever gets it finds them told.
    this.log.emissions.run(() => {
      emit(connection);
    });
  }

  private accept(raw: RawConnection): void {
    if (this.isStopping) {
      raw.duplex.sink.error(stoppedError());
      return;
    }
    const upgrading = this.pending.upgrade(raw).subscribe({
      next: (upgraded) => {
        this.register('inbound', upgraded);
      },
      error: (error: unknown) => {
        const stage = error instanceof LimitError ? 'accept' : 'upgrade';
        this.log.fail({ type: 'connection:refuse', addr: raw.remoteAddr.toString(), stage }, error);
      },
    });
    this.upgrading.add(upgrading);
  }

  private register(direction: 'inbound' | 'outbound', upgraded: Upgraded): HostConnection {
    const id = `${upgraded.remotePeer.toString().slice(0, 10)}-${String(this.nextConnection)}`;
    this.nextConnection += 1;
    const connection = new HostConnection(id, direction, upgraded, this.connectionDeps);
    this.registry.add(connection);
    // Behind the events too: a stream is never seen before its connection.
    this.log.emissions.run(() => {
      connection.start();
    });
    return connection;
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
    this.upgrading.unsubscribe();
    this.router.stop();
    const open = this.registry.connections;
    for (const connection of open)
      connection.abort(new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped'));
    this.registry.complete();
    this.listeners.complete();
    this.log.complete();
    await settle(merge(...open.flatMap(({ released$ }) => released$ ?? [])));
  }
}
