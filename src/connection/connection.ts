import {
  map,
  Observable,
  of,
  race,
  ReplaySubject,
  switchMap,
  take,
  throwError,
  timer,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes, CloseReason } from '../core/duplex.js';
import { LimitError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { MuxedStream } from '../core/muxed-stream.js';
import type { MuxerObserver, MuxerSession } from '../core/parts.js';
import type { CallOptions, Connection, NewStreamOptions, Stream } from '../core/stream-contract.js';
import { closeGracefully } from '../promises/close.js';
import { LazyAnswer, proposalOf } from '../protocols/multistream/offer.js';
import { withLimits } from '../rx/call-limits.js';
import { Deadlines } from '../rx/deadlines.js';
import { guard } from '../rx/guarded.js';
import { HostStream, type StreamDeps } from '../stream/stream.js';
import { IdleSweep } from './idle-sweep.js';
import { InboundNegotiation, NEGOTIATION_FAILED, OutboundNegotiation } from './negotiation.js';
import type { Upgraded } from './upgrade.js';

/** How long a stream's protocol may take to be agreed on, in and out. */
export const NEGOTIATION_MS = 10_000;
/** Inbound streams that have not said what they want, a connection. */
const MAX_UNNEGOTIATED = 128;
const DEFAULT_MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const DEFAULT_IDLE_TIMEOUT_MS = 120_000;
const RESOURCE_LIMIT = 0x1002;

/** Where inbound streams go: decided by the router, used by the connection. */
export interface Route {
  readonly maxBufferedBytes?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  deliver(stream: HostStream): void;
}
export interface ConnectionDeps {
  readonly scheduler: SchedulerLike;
  route(protocol: string): Route | undefined;
  streamOpened(stream: HostStream): void;
  streamClosed(stream: HostStream, reason: CloseReason): void;
  handlerFailed(stream: HostStream, error: Error): void;
  closed(connection: HostConnection, reason: CloseReason): void;
  limitMet(error: LimitError): void;
  /** Errors that nobody handles. */
  report(error: unknown): void;
}

export class HostConnection implements Connection, MuxerObserver {
  readonly remotePeer: PeerId;
  readonly localAddr: Multiaddr;
  readonly remoteAddr: Multiaddr;
  readonly encryption: string;
  readonly muxer: string;
  readonly limited = false;
  readonly openedAt: number;
  readonly released$: Observable<never> | undefined;
  private readonly session: MuxerSession;
  private readonly open = new Set<HostStream>();
  private readonly ended = new ReplaySubject<CloseReason>(1);
  private readonly deadlines: Deadlines;
  private readonly idle: IdleSweep;
  private unnegotiated = 0;
  private nextStream = 1;
  private reason: CloseReason | undefined;

  constructor(
    readonly id: string,
    readonly direction: 'inbound' | 'outbound',
    upgraded: Upgraded,
    private readonly deps: ConnectionDeps,
  ) {
    this.remotePeer = upgraded.remotePeer;
    this.localAddr = upgraded.raw.localAddr;
    this.remoteAddr = upgraded.raw.remoteAddr;
    this.released$ = upgraded.raw.released$;
    this.encryption = upgraded.encryption;
    this.muxer = upgraded.muxer.protocol;
    this.openedAt = deps.scheduler.now();
    this.deadlines = new Deadlines(deps.scheduler, NEGOTIATION_MS);
    this.idle = new IdleSweep(deps.scheduler, this.open);
    this.session = upgraded.muxer.mux(upgraded.duplex, direction === 'outbound' ? 'client' : 'server', this);
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
  get isClosed(): boolean {
    return this.reason !== undefined;
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
    const { signal, timeoutMs } = options;
    const opened$ = new Observable<Stream>((subscriber) =>
      this.openStream(list, options).subscribe(subscriber),
    );
    return guard(
      withLimits(opened$, { signal, timeoutMs }, `opening ${list.join(', ')}`, this.deps.scheduler),
      this.deps.report,
    );
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

  abort(reason: Error): void {
    this.session.abort(reason);
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
    this.unnegotiated += 1;
    const cancel = this.deadlines.add(() => {
      muxed.reset(new TimeoutError('negotiating a stream', NEGOTIATION_MS, 'remote'), NEGOTIATION_FAILED);
    });
    const over = (): void => {
      this.unnegotiated -= 1;
      cancel();
    };
    new InboundNegotiation(muxed, (protocol) => this.deps.route(protocol) !== undefined, {
      agreed: (protocol, rest) => {
        over();
        this.deliver(muxed, protocol, rest);
      },
      failed: over,
    });
  }

  onClose(reason: CloseReason): void {
    this.reason = reason;
    this.deadlines.close();
    this.idle.close();
    this.deps.closed(this, reason);
    this.ended.next(reason);
    this.ended.complete();
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private openStream(protocols: readonly string[], options: NewStreamOptions): Observable<Stream> {
    const [sole] = protocols;
    if (sole === undefined)
      return throwError(
        () => new Libp2pError('ERR_INVALID_OPTION', 'local', 'newStream was given no protocol'),
      );
    return this.slot().pipe(
      switchMap(() =>
        options.lazy === true && protocols.length === 1
          ? this.selectLazily(sole, options)
          : this.select(protocols, options),
      ),
    );
  }

  /** Emits when a stream may be opened: at once, or when another has made room. */
  private slot(): Observable<void> {
    if (this.session.canOpen) return of(undefined);
    if (this.isClosed)
      return throwError(
        () => new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection is closed'),
      );
    const { scheduler } = this.deps;
    const late$ = timer(NEGOTIATION_MS, scheduler).pipe(
      map(() => {
        throw new TimeoutError('waiting for a stream', NEGOTIATION_MS);
      }),
    );
    return race(this.session.slotFreed$, late$).pipe(
      take(1),
      switchMap(() => this.slot()),
    );
  }

  private selectLazily(protocol: string, options: NewStreamOptions): Observable<Stream> {
    return new Observable<Stream>((subscriber) => {
      const lazy = { proposal: proposalOf(protocol), answer: new LazyAnswer(protocol) };
      const stream = this.stream(this.session.open(), protocol, 'outbound', options, lazy);
      const cancel = this.deadlines.add(() => {
        if (stream.awaitsAnswer)
          stream.abort(new TimeoutError(`the answer to ${protocol}`, NEGOTIATION_MS), NEGOTIATION_FAILED);
      });
      stream.onAnswered = cancel;
      // What is written in this turn travels with the proposal; the proposal does not wait for more.
      this.deps.scheduler.schedule(() => {
        stream.begin();
      }, 0);
      subscriber.next(stream);
      subscriber.complete();
    });
  }

  private select(protocols: readonly string[], options: NewStreamOptions): Observable<Stream> {
    return new Observable<Stream>((subscriber) => {
      const muxed = this.session.open();
      const abandoned = new Libp2pError(
        'ERR_ABORTED',
        'local',
        'the stream was given up before its protocol was agreed on',
      );
      const cancel = this.deadlines.add(() => {
        muxed.reset(new TimeoutError('negotiating a stream', NEGOTIATION_MS), NEGOTIATION_FAILED);
      });
      let settled = false;
      subscriber.add(() => {
        cancel();
        if (!settled) muxed.reset(abandoned, NEGOTIATION_FAILED);
      });
      new OutboundNegotiation(muxed, protocols, {
        agreed: (protocol, rest) => {
          settled = true;
          const stream = this.stream(muxed, protocol, 'outbound', options);
          if (rest !== undefined) stream.onBytes(rest);
          subscriber.next(stream);
          subscriber.complete();
        },
        failed: (error) => {
          settled = true;
          subscriber.error(error);
        },
      });
    });
  }

  private deliver(muxed: MuxedStream, protocol: string, rest: Bytes | undefined): void {
    const route = this.deps.route(protocol);
    if (route === undefined) {
      muxed.reset(
        new Libp2pError('ERR_UNSUPPORTED_PROTOCOL', 'local', `${protocol} has lost its handler`),
        NEGOTIATION_FAILED,
      );
      return;
    }
    const stream = this.stream(muxed, protocol, 'inbound', route);
    if (rest !== undefined) stream.onBytes(rest);
    route.deliver(stream);
  }

  private stream(
    muxed: MuxedStream,
    protocol: string,
    direction: 'inbound' | 'outbound',
    options: Pick<NewStreamOptions, 'maxBufferedBytes' | 'idleTimeoutMs'>,
    lazy?: StreamDeps['lazy'],
  ): HostStream {
    const stream = new HostStream(muxed, {
      id: `${this.id}-${String(this.nextStream)}`,
      protocol,
      direction,
      connection: this,
      openedAt: this.deps.scheduler.now(),
      maxBufferedBytes: options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
      idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
      lazy,
      report: this.deps.report,
      onHandlerError: this.deps.handlerFailed,
      onClosed: (closed, reason) => {
        this.open.delete(closed);
        this.deps.streamClosed(closed, reason);
      },
    });
    this.nextStream += 1;
    this.open.add(stream);
    this.idle.watch();
    this.deps.streamOpened(stream);
    return stream;
  }
}
