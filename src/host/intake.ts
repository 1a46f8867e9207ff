/** How channels become the host's connections: those that come in, and those that were dialed; within its limits, and past its gate. */
import { EMPTY, mergeMap, Observable, Subject } from 'rxjs';
import { LimitError } from '../core/errors.js';
import type { ResourceManager } from '../core/limits-contract.js';
import type { RawConnection } from '../core/parts.js';
import { HostConnection, type ConnectionDeps } from '../connection/connection.js';
import { IdleStreams } from '../connection/idle-streams.js';
import type { RemoteProtocols } from '../connection/remote-protocols.js';
import { NEGOTIATION_MS } from '../connection/negotiation.js';
import type { Upgraded } from '../connection/upgrade.js';
import { Deadlines } from '../rx/deadlines.js';
import { ScopedResourceManager } from '../resources/manager.js';
import type { CompleteLimits } from '../resources/scope-tree.js';
import { GATED, GatedError } from '../swarm/gate.js';
import { PendingInbound } from '../swarm/pending.js';
import type { ConnectionRegistry } from '../swarm/registry.js';
import type { DialingDeps } from './make-dialer.js';
import type { Router } from './router.js';
import { StreamEvents } from './stream-events.js';

export interface IntakeDeps extends DialingDeps {
  /** Nothing is limited, and nothing counted, without. */
  readonly limits: CompleteLimits | undefined;
}

export class Intake {
  /** Takes in what was accepted, while subscribed; emits nothing and never errors: whom it was not to be is an event. */
  readonly work$: Observable<never>;
  readonly resources: ResourceManager | undefined;
  /** What is known of the protocols at the other end; identify knows. */
  remoteProtocols: ((connection: HostConnection) => RemoteProtocols | undefined) | undefined;
  private readonly accepted = new Subject<RawConnection>();
  private readonly pending: PendingInbound;
  private readonly connectionDeps: ConnectionDeps;
  private nextConnection = 1;

  constructor(
    private readonly deps: IntakeDeps,
    private readonly registry: ConnectionRegistry,
    router: Router,
  ) {
    const { limits, scheduler } = deps;
    /** A limit that ends what met it comes again with that end. */
    const told = new WeakSet<LimitError>();
    const limitMet = (error: LimitError): void => {
      if (told.has(error)) return;
      told.add(error);
      const { scope, limit, value } = error;
      deps.log.fail({ type: 'limit:refuse', scope, limit, value }, error);
    };
    this.resources =
      limits && new ScopedResourceManager({ limits, now: () => scheduler.now(), refused: limitMet });
    this.pending = new PendingInbound({ ...deps, resources: this.resources, limitMet }, scheduler);
    this.connectionDeps = this.makeConnectionDeps(router, limitMet);
    // As many at once as `pending` lets in.
    this.work$ = this.accepted.pipe(mergeMap((raw) => this.takeIn(raw)));
  }

  accept(raw: RawConnection): void {
    this.accepted.next(raw);
  }

  /** Makes a connection and registers it; one that the gater does not want is closed, and nobody hears of it (CONN-1.3). */
  add(direction: 'inbound' | 'outbound', upgraded: Upgraded): HostConnection | GatedError {
    const id = `${upgraded.remotePeer.toString().slice(0, 10)}-${String(this.nextConnection)}`;
    this.nextConnection += 1;
    const connection = new HostConnection(id, direction, upgraded, this.connectionDeps);
    const refusal = this.deps.gate.refusesUpgraded(connection);
    if (refusal !== undefined) {
      connection.abort(refusal, GATED);
      return refusal;
    }
    this.registry.add(connection);
    // The peer can be reached. @source BACK-6
    this.deps.backoff.clear(upgraded.remotePeer.toString());
    // Behind the events too: a stream is never seen before its connection.
    this.deps.log.emissions.run(() => {
      connection.start();
    });
    return connection;
  }

  private takeIn(raw: RawConnection): Observable<never> {
    const refusal = this.deps.gate.refusesAccept(raw);
    if (refusal !== undefined) {
      raw.duplex.sink.error(refusal);
      return EMPTY;
    }
    return new Observable<never>((subscriber) => {
      const refused = (error: unknown): void => {
        this.refused(raw, error);
        subscriber.complete();
      };
      return this.pending.upgrade(raw).subscribe({
        next: (upgraded) => {
          try {
            this.add('inbound', upgraded);
          } catch (error) {
            refused(error);
          }
        },
        error: refused,
        complete: () => {
          subscriber.complete();
        },
      });
    });
  }

  private refused(raw: RawConnection, error: unknown): void {
    // The gate has told.
    if (error instanceof GatedError) return;
    const stage = error instanceof LimitError ? 'accept' : 'upgrade';
    this.deps.log.fail({ type: 'connection:refuse', addr: raw.remoteAddr.toString(), stage }, error);
  }

  private makeConnectionDeps(router: Router, limitMet: (error: LimitError) => void): ConnectionDeps {
    const { log, scheduler } = this.deps;
    const events = new StreamEvents(log);
    return {
      scheduler,
      deadlines: new Deadlines(scheduler, NEGOTIATION_MS),
      idleStreams: new IdleStreams(scheduler),
      route: (protocol) => router.route(protocol),
      remoteProtocols: (connection) => this.remoteProtocols?.(connection),
      streamOpened: events.opened,
      streamClosed: events.closed,
      handlerFailed: events.handlerFailed,
      closed: (connection, reason) => {
        // Of the muxer or the channel, which tell nobody else (P19).
        if (reason.error instanceof LimitError) limitMet(reason.error);
        this.registry.remove(connection, reason);
      },
      limitMet,
      report: (error) => {
        log.unhandled(error);
      },
    };
  }
}
