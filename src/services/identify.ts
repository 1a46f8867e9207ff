/** Identify: who is at the other end of every connection, and who we are. @source go-libp2p identify (ID-1 to ID-20) */
import {
  catchError,
  EMPTY,
  finalize,
  mergeMap,
  Subscription,
  switchMap,
  throwError,
  type Observable,
} from 'rxjs';
import { codeOf, Libp2pError } from '../core/errors.js';
import type { Connection, Stream } from '../core/stream-contract.js';
import type { Target } from '../core/target.js';
import { IDENTIFY, IDENTIFY_PUSH, type IdentifyMessage } from '../protocols/identify/identify-message.js';
import { judge } from '../protocols/identify/identity.js';
import { PushLimits } from '../protocols/identify/push-limits.js';
import type { Snapshot } from '../protocols/identify/snapshot.js';
import { Deadlines } from '../rx/deadlines.js';
import { guard } from '../rx/guarded.js';
import { Permits } from '../rx/permits.js';
import { withPermit } from '../rx/with-permit.js';
import type { HostConnection } from '../connection/connection.js';
import type { IdentifyEvent, IdentifyService } from './contract.js';
import type { ServiceDeps } from './deps.js';
import { answerIdentity, askIdentity, hearPush, IDENTIFY_MS, pushIdentity } from './identify-exchange.js';
import { IdentifyLink } from './identify-link.js';
import { tellIdentity, tellProtocols } from './identify-news.js';
import { KnownProtocols } from './known-protocols.js';
import { OwnIdentity } from './own-identity.js';
import { Pushes, type PushesOwner } from './pushes.js';
import { remember } from './remember.js';
import { refuseStream, StreamSlots } from './stream-slots.js';

/** Of one peer at once, each way. @source reliability limits, counts */
const MAX_ASKED = 2;
const MAX_ANSWERED = 2;
const MAX_PUSHED = 2;
/** Stream code for what comes too often. @source libp2p error codes; ID-10 */
const RATE_LIMITED = 0x1003;

export class Identify implements IdentifyService, PushesOwner {
  private readonly links = new Map<Connection, IdentifyLink>();
  private readonly own: OwnIdentity;
  private readonly known: KnownProtocols;
  private readonly deadlines: Deadlines;
  private readonly pushes = new Pushes(this);
  private readonly pushLimits = new PushLimits();
  private readonly answering: StreamSlots;
  private readonly hearing: StreamSlots;
  /** Of peers that are being asked. */
  private readonly permits = new Map<string, Permits>();

  constructor(private readonly deps: ServiceDeps) {
    this.own = new OwnIdentity(deps);
    this.known = new KnownProtocols(deps.peerStore);
    this.deadlines = new Deadlines(deps.scheduler, IDENTIFY_MS);
    this.answering = new StreamSlots(MAX_ANSWERED, deps.log);
    this.hearing = new StreamSlots(MAX_PUSHED, deps.log);
  }

  /** Runs until unsubscribed. */
  start(): Subscription {
    const { registry, router, informStreams, report } = this.deps;
    const working = new Subscription();
    const watch = <T>(source: Observable<T>, next: (value: T) => void): void => {
      working.add(source.subscribe({ next, error: report }));
    };
    const everywhere = { runOnLimitedConnection: true };
    working.add(this.known.follow());
    working.add(this.own.follow());
    informStreams((connection) => this.links.get(connection));
    watch(router.handle(IDENTIFY, everywhere), (stream) => {
      this.answer(stream);
    });
    watch(
      router.handle(IDENTIFY_PUSH, everywhere).pipe(mergeMap((stream) => this.receive(stream))),
      () => undefined,
    );
    watch(registry.opened$, (connection) => {
      this.opened(connection);
    });
    watch(registry.closed$, (connection) => {
      this.closed(connection);
    });
    watch(this.own.change$, () => {
      for (const link of this.links.values()) this.pushes.update(link);
    });
    working.add(() => {
      for (const link of [...this.links.values()]) this.end(link);
      this.deadlines.close();
    });
    return working;
  }

  readonly identify = (target: Target): Observable<IdentifyEvent> => {
    const said$ = this.deps.connect(target).pipe(switchMap((connection) => this.ask(connection)));
    return guard(said$, this.deps.report);
  };

  // ── connections ────────────────────────────────────────────────────────────────────────────────────────────────────
  private opened(connection: HostConnection): void {
    const link = new IdentifyLink(connection, this.known);
    this.links.set(connection, link);
    // The connection takes no streams before this turn is over.
    const beginning = this.deps.scheduler.schedule(() => {
      link.run(this.ask(connection).subscribe({ error: () => undefined }));
    }, 0);
    link.run(beginning);
  }

  private closed(connection: HostConnection): void {
    const link = this.links.get(connection);
    if (link === undefined) return;
    this.end(link);
    if (this.deps.registry.ofPeer(connection.remotePeer).length > 0) return;
    this.known.forget(link.peer);
    this.permits.delete(link.peer);
  }

  private end(link: IdentifyLink): void {
    this.links.delete(link.connection);
    link.end();
    link.settle('unknown');
    link.endAnswer()?.error(gone());
  }

  // ── what we ask ────────────────────────────────────────────────────────────────────────────────────────────────────
  private ask(connection: HostConnection): Observable<IdentifyEvent> {
    const link = this.links.get(connection);
    if (link === undefined) return throwError(gone);
    return link.answer(() => {
      this.begin(link);
    });
  }

  private begin(link: IdentifyLink): void {
    const permits = this.permits.get(link.peer) ?? new Permits(MAX_ASKED);
    this.permits.set(link.peer, permits);
    const take = (message: IdentifyMessage): void => {
      this.hear(link, message, 'identify');
    };
    const asked$ = askIdentity(link.connection, take, this.deadlines).pipe(
      withPermit(permits),
      finalize(() => {
        if (permits.inUse + permits.waiting === 0) this.permits.delete(link.peer);
      }),
    );
    link.run(
      asked$.subscribe({
        error: (error: unknown) => {
          this.asked(link);
          this.failed(link, error);
          link.endAnswer()?.error(error);
        },
        complete: () => {
          this.asked(link);
          // Behind the event.
          this.deps.log.emissions.run(() => link.endAnswer()?.complete());
        },
      }),
    );
  }

  private asked(link: IdentifyLink): void {
    link.settle(this.supportOf(link));
    // What has changed since the remote asked us waited for this.
    if (link.sent > 0) this.pushes.update(link);
  }

  private supportOf(link: IdentifyLink): 'yes' | 'no' | 'unknown' {
    // Not from what streams ask: idle connections need no set of their own.
    const { protocols = [] } = this.deps.peerStore.get(link.connection.remotePeer) ?? {};
    if (protocols.includes(IDENTIFY_PUSH)) return 'yes';
    return protocols.includes(IDENTIFY) ? 'no' : 'unknown';
  }

  // ── what we are told ───────────────────────────────────────────────────────────────────────────────────────────────
  private receive(stream: Stream): Observable<void> {
    const link = this.links.get(stream.connection);
    if (link === undefined) return EMPTY;
    const { remoteAddr } = link.connection;
    const refusal = this.pushLimits.take(link.peer, remoteAddr, this.deps.scheduler.now());
    if (refusal !== undefined) {
      refuseStream(stream, refusal, RATE_LIMITED, this.deps.log);
      return EMPTY;
    }
    if (!this.hearing.admit(stream)) return EMPTY;
    const take = (message: IdentifyMessage): void => {
      this.hear(link, message, 'push');
    };
    return hearPush(stream, take, this.deadlines).pipe(
      catchError((error: unknown) => {
        this.failed(link, error);
        return EMPTY;
      }),
    );
  }

  /** Throws where the message is not to be believed; then nothing has been stored. */
  private hear(link: IdentifyLink, message: IdentifyMessage, by: 'identify' | 'push'): void {
    // A peer that has left must not come back by what it said last. @source reliability checklist, I18
    if (link.isOver) return;
    const { log, peerStore, registry } = this.deps;
    const { remotePeer, remoteAddr } = link.connection;
    const identity = judge(message, { remotePeer, remoteAddr, isPush: by === 'push' });
    const before = peerStore.get(remotePeer)?.protocols ?? [];
    try {
      remember(peerStore, remotePeer, identity, registry.ofPeer(remotePeer));
    } catch (error) {
      // A store that fails is not the peer's fault, and what it said can be told all the same.
      log.fail({ type: 'warning' }, error);
    }
    this.known.forget(link.peer);
    if (by === 'push') {
      link.pushSupport = this.supportOf(link);
      tellProtocols(this.deps, link, before, identity.protocols ?? before);
    }
    tellIdentity(this.deps, link, identity);
  }

  // ── what we tell ───────────────────────────────────────────────────────────────────────────────────────────────────
  get current(): Snapshot {
    return this.own.current;
  }

  private answer(stream: Stream): void {
    const link = this.links.get(stream.connection);
    if (link === undefined || !this.answering.admit(stream)) return;
    const { current } = this;
    link.sent = current.seq;
    answerIdentity(stream, current);
  }

  push(link: IdentifyLink, snapshot: Snapshot): Observable<never> {
    return pushIdentity(link.connection, snapshot, this.deadlines);
  }

  /** A remote that tells nothing of itself is within its rights, and one that leaves may leave in the middle. */
  failed(link: IdentifyLink, error: unknown): void {
    if (link.isOver || codeOf(error) === 'ERR_UNSUPPORTED_PROTOCOL') return;
    this.deps.log.fail({ type: 'warning' }, error);
  }
}

function gone(): Libp2pError {
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection is closed');
}
