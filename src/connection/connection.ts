import { ReplaySubject, type Observable, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes, CloseReason } from '../core/duplex.js';
import { asError, LimitError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { ConnectionScope } from '../core/limits-contract.js';
import type { MuxedStream } from '../core/muxed-stream.js';
import type { MuxerObserver, MuxerSession, RawConnection } from '../core/parts.js';
import type { CallOptions, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { closeGracefully } from '../promises/close.js';
import { withLimits } from '../rx/call-limits.js';
import { Deadlines } from '../rx/deadlines.js';
import { Guarded } from '../rx/guarded.js';
import { HostStream } from '../stream/stream.js';
import type { StreamKeeper, StreamStart } from '../stream/stream-start.js';
import { IdleSweep } from './idle-sweep.js';
import { InboundNegotiation, NEGOTIATION_FAILED, RESOURCE_LIMIT } from './negotiation.js';
import { openInformed, type RemoteProtocols } from './remote-protocols.js';
import { NEGOTIATION_MS, StreamOpener, type OpenedStream, type PerStreamOptions } from './stream-opener.js';
import type { Upgraded } from './upgrade.js';

/** Inbound streams that have not said what they want, a connection: go and js open a burst before they say what for. @source go-libp2p transient streams; rust-libp2p */
const MAX_UNNEGOTIATED = 128;

/** Where inbound streams go: decided by the router, used by the connection. */
export interface Route {
  readonly maxBufferedBytes?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  deliver(stream: HostStream): void;
}
export interface ConnectionDeps {
  readonly scheduler: SchedulerLike;
  readonly route: (protocol: string) => Route | undefined;
  /** Undefined where nobody identifies remotes. */
  readonly remoteProtocols?: ((connection: HostConnection) => RemoteProtocols | undefined) | undefined;
  readonly streamOpened: (stream: HostStream) => void;
  readonly streamClosed: (stream: HostStream, reason: CloseReason) => void;
  readonly handlerFailed: (stream: HostStream, error: Error) => void;
  readonly closed: (connection: HostConnection, reason: CloseReason) => void;
  /** A limit of the connection's own; what its scope refuses, the resource manager tells. */
  readonly limitMet: (error: LimitError) => void;
  /** Errors that nobody handles. */
  readonly report: (error: unknown) => void;
}

export class HostConnection implements StreamKeeper<HostStream>, MuxerObserver {
  readonly remotePeer: PeerId;
  readonly localAddr: Multiaddr;
  readonly remoteAddr: Multiaddr;
  readonly encryption: string;
  readonly muxer: string;
  readonly earlyMuxer: boolean;
  readonly limited: boolean;
  /** Whether no relay is in between. */
  readonly direct: boolean;
  readonly openedAt: number;
  readonly released$: Observable<never> | undefined;
  readonly report: ConnectionDeps['report'];
  readonly handlerFailed: ConnectionDeps['handlerFailed'];
  private readonly raw: RawConnection;
  /** What it takes of the host's limits; its own until it is closed. */
  readonly scope: ConnectionScope | undefined;
  private readonly session: MuxerSession;
  private readonly open = new Set<HostStream>();
  private readonly ended = new ReplaySubject<CloseReason>(1);
  private readonly deadlines: Deadlines;
  private readonly idle: IdleSweep;
  private readonly opener: StreamOpener;
  /** When the last public stream ended; if there was none, when the connection was opened. */
  unusedSince: number;
  private unnegotiated = 0;
  private nextStream = 1;
  private reason: CloseReason | undefined;

  constructor(
    readonly id: string,
    readonly direction: 'inbound' | 'outbound',
    upgraded: Upgraded,
    private readonly deps: ConnectionDeps,
  ) {
    this.report = deps.report;
    this.handlerFailed = deps.handlerFailed;
    this.raw = upgraded.raw;
    this.remotePeer = upgraded.remotePeer;
    this.localAddr = upgraded.raw.localAddr;
    this.remoteAddr = upgraded.raw.remoteAddr;
    this.limited = upgraded.raw.relayed?.limited ?? false;
    this.direct = upgraded.raw.relayed === undefined;
    this.released$ = upgraded.raw.released$;
    this.scope = upgraded.raw.scope;
    this.encryption = upgraded.encryption;
    this.muxer = upgraded.muxer.protocol;
    this.earlyMuxer = upgraded.earlyMuxer ?? false;
    this.openedAt = deps.scheduler.now();
    this.unusedSince = this.openedAt;
    this.deadlines = new Deadlines(deps.scheduler, NEGOTIATION_MS);
    this.idle = new IdleSweep(deps.scheduler, this.open);
    this.session = upgraded.muxer.mux(upgraded.duplex, upgraded.role, this);
    this.opener = new StreamOpener(this.session, this, this.deadlines, deps.scheduler);
  }

  /** Begins to take streams: call it once the connection is registered. */
  start(): void {
    this.session.start();
  }

  get rttMs(): number | undefined {
    return this.session.rttMs;
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
    return this.ended.asObservable();
  }

  newStream(protocols: string | readonly string[], options: NewStreamOptions = {}): Observable<Stream> {
    const list = typeof protocols === 'string' ? [protocols] : protocols;
    return new Guarded<Stream>(this.deps.report, (subscriber) => {
      // Who says whether it is to be lazy does not ask what the remote supports.
      const remote = options.lazy === undefined ? this.deps.remoteProtocols?.(this) : undefined;
      const opened$ = openInformed(this.opener, remote, list, options);
      const stage = `opening ${list.join(', ')}`;
      return withLimits(opened$, options, stage, this.deps.scheduler).subscribe(subscriber);
    });
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
    if (this.unnegotiated >= MAX_UNNEGOTIATED) {
      const error = new LimitError('connection', 'streams being negotiated', MAX_UNNEGOTIATED);
      muxed.reader = undefined;
      muxed.reset(error, RESOURCE_LIMIT);
      this.deps.limitMet(error);
      return;
    }
    const opened = this.admit(muxed);
    if (opened !== undefined) this.negotiate(opened);
  }

  onRefused(error: LimitError): void {
    this.deps.limitMet(error);
  }

  /** `undefined`, and the stream reset, where the limits do not allow it. */
  private admit(muxed: MuxedStream): OpenedStream | undefined {
    try {
      const scope = this.scope?.openStream('inbound');
      muxed.memory = scope;
      return { muxed, scope };
    } catch (error) {
      muxed.reader = undefined;
      muxed.reset(asError(error), RESOURCE_LIMIT);
      return undefined;
    }
  }

  private negotiate(opened: OpenedStream): void {
    const { muxed, scope } = opened;
    this.unnegotiated += 1;
    const cancel = this.deadlines.add(() => {
      muxed.reset(new TimeoutError('negotiating a stream', NEGOTIATION_MS, 'remote'), NEGOTIATION_FAILED);
    });
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.unnegotiated -= 1;
      cancel();
    };
    new InboundNegotiation(muxed, (protocol) => this.deps.route(protocol) !== undefined, {
      agreed: (protocol, rest) => {
        over();
        this.deliver(opened, protocol, rest);
      },
      failed: () => {
        over();
        scope?.done();
      },
    });
  }

  onClose(reason: CloseReason): void {
    this.reason = reason;
    this.deadlines.close();
    this.idle.close();
    this.scope?.done();
    this.deps.closed(this, reason);
    this.ended.next(reason);
    this.ended.complete();
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private deliver(opened: OpenedStream, protocol: string, rest: Bytes | undefined): void {
    const route = this.deps.route(protocol);
    if (route === undefined) {
      const lost = `${protocol} has lost its handler`;
      opened.muxed.reset(new Libp2pError('ERR_UNSUPPORTED_PROTOCOL', 'local', lost), NEGOTIATION_FAILED);
      return;
    }
    try {
      opened.scope?.setProtocol(protocol);
    } catch (error) {
      opened.muxed.reset(asError(error), RESOURCE_LIMIT);
      return;
    }
    const stream = this.stream(opened, protocol, 'inbound', route);
    if (rest !== undefined) stream.onBytes(rest);
    route.deliver(stream);
  }

  streamOver(stream: HostStream, reason: CloseReason): void {
    this.idle.unwatch(stream);
    stream.scope?.done();
    this.unusedSince = this.deps.scheduler.now();
    this.deps.streamClosed(stream, reason);
  }

  /** Makes the public stream of a muxed one, and registers it. */
  stream(
    { muxed, scope }: OpenedStream,
    protocol: string,
    direction: 'inbound' | 'outbound',
    options: PerStreamOptions,
    lazy?: StreamStart['lazy'],
  ): HostStream {
    const stream = new HostStream(muxed, this, {
      number: this.nextStream,
      protocol,
      direction,
      openedAt: this.deps.scheduler.now(),
      maxBufferedBytes: options.maxBufferedBytes,
      idleTimeoutMs: options.idleTimeoutMs,
      scope,
      lazy,
    });
    this.nextStream += 1;
    this.idle.watch(stream);
    this.deps.streamOpened(stream);
    return stream;
  }
}
