import { defer, merge, Observable, Subscription, switchMap, throwError, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { CloseReason } from '../core/duplex.js';
import { LimitError, Libp2pError } from '../core/errors.js';
import type { HostEvent } from '../core/events.js';
import type { PeerId } from '../core/identity.js';
import type { RawConnection, Transport } from '../core/parts.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { HostConnection, NEGOTIATION_MS, type ConnectionDeps } from '../connection/connection.js';
import type { UpgradeDeps, Upgraded } from '../connection/upgrade.js';
import { settle } from '../promises/settle.js';
import { withLimits } from '../rx/call-limits.js';
import { guard } from '../rx/guarded.js';
import type { HostStream } from '../stream/stream.js';
import { dialPeer } from '../swarm/dial.js';
import type { EventLog } from '../swarm/event-log.js';
import { PendingInbound } from '../swarm/pending.js';
import { ConnectionRegistry } from '../swarm/registry.js';
import type { DialOptions, HandleOptions, Host, ProtocolMatcher, Target } from './contract.js';
import { Listeners } from './listeners.js';
import { Router } from './router.js';
import { resolveTarget, type ResolvedTarget } from './targets.js';

export interface HostDeps extends UpgradeDeps {
  readonly self: PeerId;
  readonly transports: readonly Transport[];
  readonly scheduler: SchedulerLike;
  readonly log: EventLog;
}

export class SwarmHost implements Host<Record<never, never>> {
  readonly peerId: PeerId;
  readonly services: Record<string, unknown> = {};
  private readonly log: EventLog;
  private readonly registry: ConnectionRegistry;
  private readonly router: Router;
  private readonly listeners: Listeners;
  private readonly pending: PendingInbound;
  /** What the host itself is subscribed to: its upgrades under way. */
  private readonly running = new Subscription();
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
    this.listeners = new Listeners(deps.self, deps.transports, deps.log, (raw) => {
      this.accept(raw);
    });
    this.connectionDeps = {
      scheduler: deps.scheduler,
      route: (protocol) => this.router.route(protocol),
      streamOpened: (stream) => {
        this.tellOpened(stream);
      },
      streamClosed: (stream, reason) => {
        this.tellClosed(stream, reason);
      },
      handlerFailed: (stream, error) => {
        this.log.fail({ type: 'handler:error', ...factsOf(stream) }, error, liveOf(stream));
      },
      closed: (connection, reason) => {
        this.registry.remove(connection, reason);
      },
      limitMet: (error) => {
        this.log.fail(
          { type: 'limit:refuse', scope: error.scope, limit: error.limit, value: error.value },
          error,
        );
      },
      report: this.report,
    };
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

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────
  listen(addr: string | Multiaddr): Observable<Listener> {
    return guard(
      defer(() => (this.stopping === undefined ? this.listeners.listen(addr) : stopped())),
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
    const dialed$ = this.connect(target, options);
    return guard(withLimits(dialed$, options, 'dialing', this.deps.scheduler), this.report);
  }

  newStream(
    target: Target,
    protocols: string | readonly string[],
    options: NewStreamOptions = {},
  ): Observable<Stream> {
    const { noDial = false, signal, timeoutMs = NEGOTIATION_MS, ...perStream } = options;
    const opened$ = this.connect(target, {}, noDial).pipe(
      switchMap((connection) => connection.newStream(protocols, perStream)),
    );
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

  // ── connecting ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /** An open connection, or a new one. Errors come through the scheduler, so that a synchronous retry cannot recurse. */
  private connect(target: Target, options: DialOptions, noDial = false): Observable<HostConnection> {
    return new Observable<HostConnection>((subscriber) => {
      const fail = (error: unknown): void => {
        subscriber.add(
          this.deps.scheduler.schedule(() => {
            subscriber.error(error);
          }, 0),
        );
      };
      let resolved: ResolvedTarget;
      try {
        resolved = this.resolve(target);
      } catch (error) {
        fail(error);
        return;
      }
      const open = options.force === true ? undefined : this.registry.best(resolved.peer);
      if (open !== undefined) {
        subscriber.next(open);
        subscriber.complete();
        return;
      }
      if (noDial) {
        fail(
          new Libp2pError(
            'ERR_NO_CONNECTION',
            'local',
            `there is no connection to ${resolved.peer.toString()}`,
          ),
        );
        return;
      }
      subscriber.add(
        dialPeer(resolved.peer, resolved.addrs, this.deps).subscribe({
          next: (upgraded) => {
            this.settleDial(
              upgraded,
              (connection) => {
                subscriber.next(connection);
                subscriber.complete();
              },
              fail,
            );
          },
          error: fail,
        }),
      );
    });
  }

  private resolve(target: Target): ResolvedTarget {
    if (this.stopping !== undefined) throw stoppedError();
    const resolved = resolveTarget(target);
    if (resolved.peer.equals(this.peerId))
      throw new Libp2pError('ERR_DIAL_SELF', 'local', 'dial to self attempted');
    return resolved;
  }

  private settleDial(
    upgraded: Upgraded,
    emit: (connection: HostConnection) => void,
    fail: (error: unknown) => void,
  ): void {
    if (this.stopping !== undefined) {
      upgraded.duplex.sink.error(stoppedError());
      fail(stoppedError());
      return;
    }
    const connection = this.register('outbound', upgraded);
    // Behind the events of the new connection: whoever gets it finds them told.
    this.log.emissions.run(() => {
      emit(connection);
    });
  }

  private accept(raw: RawConnection): void {
    if (this.stopping !== undefined) {
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
    this.running.add(upgrading);
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

  // ── events of streams ──────────────────────────────────────────────────────────────────────────────────────────────
  private tellOpened(stream: HostStream): void {
    if (!this.log.observed) return;
    this.log.say({ type: 'stream:open', ...factsOf(stream) }, liveOf(stream));
  }

  private tellClosed(stream: HostStream, { by, code }: CloseReason): void {
    if (!this.log.observed) return;
    const { bytesRead, bytesWritten } = stream;
    this.log.say(
      { type: 'stream:close', ...factsOf(stream), by, bytesRead, bytesWritten, code },
      liveOf(stream),
    );
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private async shutDown(): Promise<void> {
    // What follows asks whether the host is stopping, so that must be true first: this runs inside the assignment.
    await settle();
    this.listeners.stop();
    this.running.unsubscribe();
    this.router.stop();
    const open = this.registry.connections;
    for (const connection of open)
      connection.abort(new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped'));
    this.registry.complete();
    this.listeners.complete();
    this.log.complete();
    const released = open.flatMap(({ released$ }) => (released$ === undefined ? [] : [released$]));
    await settle(merge(...released));
  }
}

function factsOf(stream: HostStream): {
  peer: string;
  connectionId: string;
  streamId: string;
  protocol: string;
  direction: 'inbound' | 'outbound';
} {
  const { connection, id, protocol, direction } = stream;
  return {
    peer: connection.remotePeer.toString(),
    connectionId: connection.id,
    streamId: id,
    protocol,
    direction,
  };
}

function liveOf(stream: HostStream): { peerId: PeerId; connection: Connection; stream: Stream } {
  return { peerId: stream.connection.remotePeer, connection: stream.connection, stream };
}

function stoppedError(): Libp2pError {
  return new Libp2pError('ERR_HOST_STOPPED', 'local', 'the host was stopped');
}

function stopped(): Observable<never> {
  return throwError(stoppedError);
}
