import { Observable, ReplaySubject, type SchedulerLike, type Subscriber, type TeardownLogic } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { CloseReason } from '../core/duplex.js';
import type { LimitError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { ConnectionScope } from '../core/limits-contract.js';
import type { MuxedStream } from '../core/muxed-stream.js';
import type { MuxerObserver, MuxerSession, RawConnection } from '../core/parts.js';
import type { CallOptions, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { closeGracefully } from '../promises/close.js';
import { withLimits } from '../rx/call-limits.js';
import { guard, Guarded } from '../rx/guarded.js';
import type { StreamFacts, StreamHome } from '../stream/stream-facts.js';
import { HostStream } from '../stream/stream.js';
import type { IdleStreams, StreamsOwner } from './idle-streams.js';
import { takeInbound, type InboundDeps, type InboundOwner } from './inbound.js';
import { openInformed, type RemoteProtocols } from './remote-protocols.js';
import { StreamOpener, type OpenedStream, type PerStreamOptions } from './stream-opener.js';
import type { Upgraded } from './upgrade.js';

const DEFAULT_MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const DEFAULT_IDLE_TIMEOUT_MS = 120_000;

/** What the connections of a host share. */
export interface ConnectionDeps extends InboundDeps {
  readonly scheduler: SchedulerLike;
  readonly idleStreams: IdleStreams;
  /** Undefined where nobody identifies remotes. */
  readonly remoteProtocols?: ((connection: HostConnection) => RemoteProtocols | undefined) | undefined;
  readonly streamOpened: (stream: HostStream) => void;
  readonly streamClosed: (stream: HostStream, reason: CloseReason) => void;
  readonly handlerFailed: (stream: HostStream, error: Error) => void;
  readonly closed: (connection: HostConnection, reason: CloseReason) => void;
  /** Errors that nobody handles. */
  readonly report: (error: unknown) => void;
}

/** Never written: most connections have none open. */
const NO_STREAMS = new Set<HostStream>();

export class HostConnection implements StreamHome, MuxerObserver, StreamsOwner, InboundOwner {
  readonly remotePeer: PeerId;
  readonly encryption: string;
  readonly muxer: string;
  readonly earlyMuxer: boolean;
  readonly openedAt: number;
  private readonly raw: RawConnection;
  private readonly session: MuxerSession;
  /** Its own while there are any. */
  private open = NO_STREAMS;
  private ended: ReplaySubject<CloseReason> | undefined;
  /** The idle streams' place for it. */
  expiresAt = 0;
  heapAt = -1;
  /** When the last public stream ended; if there was none, when the connection was opened. */
  unusedSince: number;
  unnegotiated = 0;
  private nextStream = 1;
  private reason: CloseReason | undefined;

  constructor(
    readonly id: string,
    readonly direction: 'inbound' | 'outbound',
    upgraded: Upgraded,
    private readonly deps: ConnectionDeps,
  ) {
    this.raw = upgraded.raw;
    this.remotePeer = upgraded.remotePeer;
    this.encryption = upgraded.encryption;
    this.muxer = upgraded.muxer.protocol;
    this.earlyMuxer = upgraded.earlyMuxer ?? false;
    this.openedAt = deps.scheduler.now();
    this.unusedSince = this.openedAt;
    this.session = upgraded.muxer.mux(upgraded.duplex, upgraded.role, this);
  }

  /** Begins to take streams: call it once the connection is registered. */
  start(): void {
    this.session.start();
  }

  get localAddr(): Multiaddr {
    return this.raw.localAddr;
  }
  get remoteAddr(): Multiaddr {
    return this.raw.remoteAddr;
  }
  get limited(): boolean {
    return this.raw.relayed?.limited ?? false;
  }
  /** Whether no relay is in between. */
  get direct(): boolean {
    return this.raw.relayed === undefined;
  }
  get released$(): Observable<never> | undefined {
    return this.raw.released$;
  }
  /** What it takes of the host's limits; its own until it is closed. */
  get scope(): ConnectionScope | undefined {
    return this.raw.scope;
  }
  get rttMs(): number | undefined {
    return this.session.rttMs;
  }
  get openStreams(): Iterable<HostStream> {
    return this.open;
  }
  /** Made for each stream: it is nothing but these. */
  private get opener(): StreamOpener {
    return new StreamOpener(this.session, this, this.deps.deadlines, this.deps.scheduler);
  }
  get streams(): readonly Stream[] {
    return [...this.open];
  }
  get streamCount(): number {
    return this.open.size;
  }
  /** Whether a stream is open, agreed on or not. */
  get isUsed(): boolean {
    return this.session.streamCount > 0;
  }
  get isClosed(): boolean {
    return this.reason !== undefined;
  }
  get takesEarlyEnd(): boolean {
    return this.deps.remoteProtocols?.(this)?.takesEarlyEnd ?? false;
  }
  get bytesRead(): number {
    return this.session.bytesRead;
  }
  get bytesWritten(): number {
    return this.session.bytesWritten;
  }
  get closed$(): Observable<CloseReason> {
    if (this.ended === undefined) {
      this.ended = new ReplaySubject<CloseReason>(1);
      if (this.reason !== undefined) this.tellEnd(this.reason);
    }
    return this.ended.asObservable();
  }

  newStream(protocols: string | readonly string[], options: NewStreamOptions = {}): Observable<Stream> {
    const list = typeof protocols === 'string' ? [protocols] : protocols;
    const open = (subscriber: Subscriber<Stream>): TeardownLogic => {
      // Who says whether it is to be lazy does not ask what the remote supports.
      const remote = options.lazy === undefined ? this.deps.remoteProtocols?.(this) : undefined;
      return openInformed(this.opener, remote, list, options, subscriber);
    };
    if (options.signal === undefined && options.timeoutMs === undefined)
      return new Guarded<Stream>(this.deps.report, open);
    const stage = `opening ${list.join(', ')}`;
    return guard(withLimits(new Observable(open), options, stage, this.deps.scheduler), this.deps.report);
  }

  /** As `newStream`, and nothing is waited for or assumed: for those who find out what the remote supports. */
  openStream(protocols: readonly string[], options: PerStreamOptions = {}): Observable<Stream> {
    return this.opener.open(protocols, options);
  }

  close(options: CallOptions = {}): Promise<void> {
    return closeGracefully(
      this,
      () => {
        this.session.close();
      },
      options,
      this.deps.scheduler,
    );
  }

  /** `code` is what the remote is told where the muxer can say it. */
  abort(reason: Error, code?: number): void {
    this.session.abort(reason, code);
  }

  heardBytes(): number | undefined {
    return this.raw.heardBytes?.();
  }

  // ── what the muxer says ────────────────────────────────────────────────────────────────────────────────────────────
  onStream(muxed: MuxedStream): void {
    takeInbound(muxed, this, this.deps);
  }

  onRefused(error: LimitError): void {
    this.deps.limitMet(error);
  }

  onClose(reason: CloseReason): void {
    this.reason = reason;
    this.deps.idleStreams.forget(this);
    this.deps.deadlines.settle();
    this.scope?.done();
    this.deps.closed(this, reason);
    this.tellEnd(reason);
  }

  private tellEnd(reason: CloseReason): void {
    this.ended?.next(reason);
    this.ended?.complete();
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Makes the public stream of a muxed one, and registers it. */
  stream(
    { muxed, scope }: OpenedStream,
    protocol: string,
    direction: 'inbound' | 'outbound',
    options: PerStreamOptions,
    lazy?: StreamFacts['lazy'],
  ): HostStream {
    const stream = new HostStream(muxed, {
      number: this.nextStream,
      protocol,
      direction,
      connection: this,
      scope,
      openedAt: this.deps.scheduler.now(),
      maxBufferedBytes: options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
      lazy,
    });
    this.nextStream += 1;
    this.remember(stream);
    this.deps.streamOpened(stream);
    return stream;
  }

  get report(): (error: unknown) => void {
    return this.deps.report;
  }

  handlerFailed(stream: HostStream, error: Error): void {
    this.deps.handlerFailed(stream, error);
  }

  streamEnded(stream: HostStream, reason: CloseReason): void {
    this.forget(stream);
    stream.scope?.done();
    this.unusedSince = this.deps.scheduler.now();
    this.deps.streamClosed(stream, reason);
  }

  private remember(stream: HostStream): void {
    if (this.open === NO_STREAMS) this.open = new Set();
    this.open.add(stream);
    this.deps.idleStreams.watch(this, stream);
  }

  private forget(stream: HostStream): void {
    this.open.delete(stream);
    if (this.open.size === 0) this.open = NO_STREAMS;
  }
}
