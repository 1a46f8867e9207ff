import {
  defer,
  merge,
  takeUntil,
  throwError,
  timer,
  type Observable,
  type Observer,
  type Subscription,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent, HostEvent } from '../core/events.js';
import type { PeerId, RandomSource } from '../core/identity.js';
import type { ResourceManager } from '../core/limits-contract.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { HostConnection } from '../connection/connection.js';
import type { RawConnection } from '../core/parts.js';
import type { Upgraded } from '../connection/upgrade.js';
import type { PeerStore } from '../core/peer-store-contract.js';
import { settle } from '../promises/settle.js';
import { withLimits } from '../rx/call-limits.js';
import { guard } from '../rx/guarded.js';
import { Permits } from '../rx/permits.js';
import type { DialRequest } from '../swarm/dial-state.js';
import type { Dialer } from '../swarm/dialer.js';
import type { ManagerNumbers } from '../swarm/connection-manager.js';
import type { EventLog } from '../swarm/event-log.js';
import { ConnectionRegistry } from '../swarm/registry.js';
import { Connector, stoppedError } from './connector.js';
import type { HandleOptions, Host, ProtocolMatcher, Target } from './contract.js';
import { Intake, type IntakeDeps } from './intake.js';
import { Keeper } from './keeper.js';
import { Listeners } from './listeners.js';
import { makeDialer, type DialingOwner } from './make-dialer.js';
import type { HostInside } from './inside.js';
import type { PeerBook } from './peer-book.js';
import { PublishedAddrs, type AddrsFactory } from './published-addrs.js';
import { Router } from './router.js';

/** How long the platform may take to let go of the sockets. @source P23 */
const STOP_MS = 5_000;

export interface HostDeps extends IntakeDeps {
  readonly self: PeerId;
  readonly random: RandomSource;
  readonly manager: ManagerNumbers;
  readonly routing: ((peer: PeerId) => Observable<readonly Multiaddr[]>) | undefined;
  readonly peerBook: PeerBook;
  readonly addrsFactory: AddrsFactory | undefined;
}

export class SwarmHost implements Host, DialingOwner {
  readonly peerId: PeerId;
  // Filled by `buildHost`, before anybody else has the host.
  readonly services = {} as Host['services'] & Record<string, unknown>;
  readonly descriptors: Permits;
  readonly resources: ResourceManager | undefined;
  private readonly log: EventLog;
  private readonly registry: ConnectionRegistry;
  private readonly router: Router;
  private readonly listeners: Listeners;
  private readonly published: PublishedAddrs;
  private readonly dialer: Dialer<HostConnection>;
  private readonly connector: Connector;
  private readonly keeper: Keeper;
  private readonly intake: Intake;
  /** The host's one subscription: its dialer, and the channels that come in. */
  private readonly working: Subscription;
  private stopping: Promise<void> | undefined;
  private readonly report = (error: unknown): void => {
    this.log.unhandled(error);
  };

  constructor(private readonly deps: HostDeps) {
    this.peerId = deps.self;
    this.log = deps.log;
    this.registry = new ConnectionRegistry(deps.log);
    deps.peerBook.follow(this.registry);
    this.router = new Router(deps.log);
    this.intake = new Intake(deps, this.registry, this.router);
    this.resources = this.intake.resources;
    this.descriptors = new Permits(deps.numbers.descriptors);
    this.dialer = makeDialer(deps, this);
    this.connector = new Connector({
      ...deps,
      registry: this.registry,
      dialer: this.dialer,
      peerTimeoutMs: deps.numbers.peerTimeoutMs,
    });
    const { registry, connector } = this;
    const onTag = (peer: string, name: string, value: number | undefined): void => {
      deps.peerBook.tagged(peer, name, value);
    };
    this.keeper = new Keeper({ ...deps, numbers: deps.manager, registry, connector, onTag });
    const upkeep$ = merge(this.keeper.closeIdle(), deps.peerBook.forgetGone(registry));
    this.working = merge(this.dialer.work$, this.intake.work$, upkeep$).subscribe({ error: this.report });
    this.published = new PublishedAddrs(deps.self, deps.log, deps.addrsFactory);
    const accept = (raw: RawConnection): void => {
      if (this.isStopping) raw.duplex.sink.error(stoppedError());
      else this.intake.accept(raw);
    };
    this.listeners = new Listeners(deps.self, deps.transports, deps.log, accept, (addrs) => {
      this.published.update(addrs);
    });
  }

  /** Hears its events, the warnings of what begins here among them. */
  start(observers: readonly (Partial<Observer<HostEvent>> | undefined)[]): void {
    for (const observer of observers) if (observer !== undefined) this.event$.subscribe(observer);
    this.published.start();
  }

  // ── what is true now, and what happens ─────────────────────────────────────────────────────────────────────────────
  get addrs(): readonly Multiaddr[] {
    return this.published.addrs;
  }
  get addrs$(): Observable<readonly Multiaddr[]> {
    return this.published.addrs$;
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
  get peerStore(): PeerStore {
    return this.deps.peerBook.store;
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

  /** What the host's own services work with. */
  get inside(): HostInside {
    return {
      registry: this.registry,
      router: this.router,
      addrs: { get: () => this.addrs, addrs$: this.addrs$ },
      working: this.working,
      connect: (target) => this.connector.connected(target),
      informStreams: (ask) => {
        this.intake.remoteProtocols = ask;
      },
      report: this.report,
    };
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

  protect(peer: PeerId | string, tag: string): Observable<never> {
    return this.keeper.protect(peer, tag);
  }

  keepConnected(target: Target): Observable<Connection> {
    return this.keeper.keepConnected(target);
  }

  tag(peer: PeerId | string, name: string, value: number | undefined): void {
    this.keeper.tag(peer, name, value);
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

  /** Takes a dialed connection; throws ERR_HOST_STOPPED, or a `GatedError` for one that it has closed. */
  register(upgraded: Upgraded): HostConnection {
    if (this.isStopping) throw stoppedError();
    const added = this.intake.add('outbound', upgraded);
    if (added instanceof Error) throw added;
    return added;
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private async shutDown(): Promise<void> {
    // What follows asks whether the host is stopping, and that is true only once this has returned its promise.
    await settle();
    this.keeper.stop();
    this.published.stop();
    this.listeners.stop();
    this.dialer.stop(stoppedError());
    this.working.unsubscribe();
    this.router.stop();
    const open = this.registry.connections;
    for (const connection of open)
      connection.abort(new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped'));
    this.registry.complete();
    this.published.complete();
    // It hears of the last connections before it is closed, and the events end without waiting for it.
    const closing = settle(this.deps.peerBook.close());
    this.log.complete();
    const released$ = merge(...open.flatMap((connection) => connection.released$ ?? []));
    const released = settle(released$.pipe(takeUntil(timer(STOP_MS, this.deps.scheduler))));
    await Promise.all([closing, released]);
  }
}
