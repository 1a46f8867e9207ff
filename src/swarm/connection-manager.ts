/**
 * Keeps the number of connections between two marks: driven by the registry, and by one timer that runs only while there
 * are too many. @source go-libp2p, basic connection manager (CM-1 to CM-18), which records every trim here (ODD-25)
 */
import { AsyncSubject, Subscription, type Observable, type SchedulerLike } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { Connection } from '../core/stream-contract.js';
import { DecayingTags, type DecayingTag, type DecayingTagOptions } from './decaying-tags.js';
import type { EventLog } from './event-log.js';
import { Protections } from './protections.js';
import { toPrune, toPruneNow, type WaterMarks } from './prune-order.js';
import { TaggedPeers, type TaggedPeer, type TagInfo } from './tagged-peers.js';

/** Connection code for one that was pruned. @source libp2p error codes: garbage collected (CM-14) */
const GARBAGE_COLLECTED = 0x1005;

export interface ManagerNumbers extends WaterMarks {
  /** Ms between looking at the count. */
  readonly silenceMs: number;
}
export interface ManagedConnection extends Connection {
  readonly streamCount: number;
  abort(reason: Error, code?: number): void;
}
export interface ConnectionManagerDeps {
  readonly scheduler: SchedulerLike;
  readonly log: EventLog;
  readonly registry: {
    readonly opened$: Observable<ManagedConnection>;
    readonly closed$: Observable<ManagedConnection>;
  };
  readonly numbers: ManagerNumbers;
  /** Hears of every tag's new value, `undefined` when it is gone. */
  readonly onTag?: ((peer: string, name: string, value: number | undefined) => void) | undefined;
}
/** @source CM-17 */
interface ManagerInfo extends WaterMarks {
  readonly connections: number;
  /** Ms on the host's scheduler. */
  readonly lastTrimAt: number | undefined;
}
type PruneReason = 'high-water' | 'trim' | 'memory';

export class ConnectionManager {
  /** Emits and completes when the host stops, also for those who come later. */
  readonly stopped$: Observable<void>;
  private readonly ended = new AsyncSubject<void>();
  private readonly protections: Protections;
  private readonly peers: TaggedPeers<ManagedConnection>;
  private readonly decaying: DecayingTags<ManagedConnection>;
  private readonly working = new Subscription();
  private timer: Subscription | undefined;
  /** When the count is looked at next; it stays while the count is low for a moment, so that churn around the mark puts nothing off. */
  private dueAt = -Infinity;
  private lastTrimAt: number | undefined;
  private stopped = false;

  constructor(private readonly deps: ConnectionManagerDeps) {
    const { log, scheduler, registry } = deps;
    const report = (error: unknown): void => {
      log.unhandled(error);
    };
    this.stopped$ = this.ended.asObservable();
    this.protections = new Protections(report);
    this.peers = new TaggedPeers(this.protections, deps.onTag);
    this.decaying = new DecayingTags(this.peers, scheduler, (error) => {
      log.fail({ type: 'warning' }, error);
    });
    this.working.add(
      registry.opened$.subscribe({
        next: (connection) => {
          this.peers.add(connection.remotePeer.toString(), connection, scheduler.now());
          this.watch();
        },
        error: report,
      }),
    );
    this.working.add(
      registry.closed$.subscribe({
        next: (connection) => {
          this.peers.remove(connection.remotePeer.toString(), connection);
          this.watch();
          this.decaying.rest();
        },
        error: report,
      }),
    );
  }

  get info(): ManagerInfo {
    const { low, high, graceMs } = this.deps.numbers;
    return { low, high, graceMs, connections: this.peers.connectionCount, lastTrimAt: this.lastTrimAt };
  }

  tagInfo(peer: string): TagInfo | undefined {
    return this.peers.info(peer);
  }

  /** Throws a `LimitError` for too many tags of one peer. */
  tag(peer: string, name: string, value: number | undefined): void {
    if (!this.stopped) this.peers.setTag(peer, name, value, this.deps.scheduler.now());
  }

  /** From the old value, or 0, to the new one. @source CM-4 */
  upsertTag(peer: string, name: string, change: (value: number) => number): void {
    this.tag(peer, name, change(this.peers.tagValue(peer, name) ?? 0));
  }

  /** A tag that shrinks with time. Throws ERR_INVALID_OPTION. */
  decayingTag(options: DecayingTagOptions): DecayingTag {
    return this.decaying.register(options);
  }

  /** @see Host.protect */
  protect(peerOf: () => PeerId, tag: string): Observable<never> {
    return this.protections.hold(() => peerOf().toString(), tag);
  }

  isProtected(peer: string, tag?: string): boolean {
    return this.protections.has(peer, tag);
  }

  /** Prunes down to the low mark, whatever the high one is. @source CM-9 */
  trim(): void {
    this.prune('trim');
  }

  /** Prunes down to the low mark at once, where memory runs out. @source CM-15 */
  relieve(): void {
    const { low, high } = this.deps.numbers;
    if (low > 0 && high > 0) this.close(toPruneNow(this.peers.all, low), 'memory');
  }

  /** Protections end, tags are forgotten, nothing is pruned any more. */
  stop(): void {
    this.stopped = true;
    this.working.unsubscribe();
    this.timer?.unsubscribe();
    this.decaying.end();
    this.protections.stop();
    this.peers.clear();
    this.ended.next();
    this.ended.complete();
  }

  private get tooMany(): boolean {
    const { low, high } = this.deps.numbers;
    return low > 0 && high > 0 && this.peers.connectionCount >= high;
  }

  /** The timer runs exactly while there are too many. @source CM-8, CM-11 */
  private watch(): void {
    if (this.tooMany === (this.timer !== undefined)) return;
    this.timer?.unsubscribe();
    this.timer = undefined;
    if (!this.tooMany) return;
    const { scheduler, numbers } = this.deps;
    const now = scheduler.now();
    if (this.dueAt <= now) this.dueAt = now + numbers.silenceMs;
    this.timer = scheduler.schedule(() => {
      this.timer = undefined;
      this.prune('high-water');
      this.watch();
    }, this.dueAt - now);
  }

  private prune(reason: PruneReason): void {
    this.lastTrimAt = this.deps.scheduler.now();
    this.close(toPrune(this.peers.all, this.deps.numbers, this.lastTrimAt), reason);
  }

  private close(chosen: readonly TaggedPeer<ManagedConnection>[], reason: PruneReason): void {
    for (const peer of chosen) {
      const { value, connections } = peer;
      if (connections.length === 0) this.peers.forget(peer);
      for (const connection of connections) this.closeOne(connection, reason, value);
    }
  }

  private closeOne(connection: ManagedConnection, reason: PruneReason, value: number): void {
    const { remotePeer, id } = connection;
    this.deps.log.say(
      { type: 'connection:prune', peer: remotePeer.toString(), connectionId: id, reason, value },
      { peerId: remotePeer, connection },
    );
    connection.abort(
      new Libp2pError('ERR_CONNECTION_CLOSED', 'local', `the connection was pruned: ${reason}`),
      GARBAGE_COLLECTED,
    );
  }
}
