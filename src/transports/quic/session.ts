/**
 * One native connection as a muxer's session: its streams are QUIC's own, so that there is nothing to frame. What the
 * addon does not do is done here: bounds, the end in order, and who gets which stream. @source ADR 8; RFC 9000, 10.2
 */
import { Subject, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { CloseReason } from '../../core/duplex.js';
import { asError, LimitError, Libp2pError } from '../../core/errors.js';
import type { MuxedStream } from '../../core/muxed-stream.js';
import type { MuxerObserver, MuxerSession } from '../../core/parts.js';
import { TokenBucket } from '../../core/token-bucket.js';
import { Deadlines } from '../../rx/deadlines.js';
import type { NativeConnection, NativeStream } from './addon.js';
import { CHURN, CLOSE_MS, DRAIN_MS, MAX_UNTOLD, QUIET_MS, type QuicNumbers } from './limits.js';
import { OpenQueue } from './open-queue.js';
import { closeReason } from './reasons.js';
import { QuicStream, type StreamOwner } from './stream.js';

export interface QuicSessionDeps {
  readonly scheduler: SchedulerLike;
  readonly limits: Pick<QuicNumbers, 'maxInboundStreams' | 'maxOutboundStreams'>;
}

export class QuicSession implements MuxerSession, StreamOwner {
  bytesRead = 0;
  bytesWritten = 0;
  private readonly slots = new Subject<void>();
  private readonly streams = new Set<QuicStream>();
  private readonly openings: OpenQueue;
  private readonly drains: Deadlines;
  private readonly graces: Deadlines;
  private readonly churn: TokenBucket;
  private inbound = 0;
  private untold = 0;
  private nextId = 0;
  private closing: Subscription | undefined;
  /** Set once nothing new is opened. */
  private ending: CloseReason | undefined;
  /** The connection is over, but not what came over it. */
  private isLost = false;
  private over = false;
  private wroteAt = -Infinity;

  constructor(
    private readonly connection: NativeConnection,
    private readonly role: 'client' | 'server',
    private readonly observer: MuxerObserver,
    private readonly deps: QuicSessionDeps,
  ) {
    this.openings = new OpenQueue(connection);
    this.drains = new Deadlines(deps.scheduler, DRAIN_MS);
    this.graces = new Deadlines(deps.scheduler, CLOSE_MS);
    this.churn = new TokenBucket(CHURN, deps.scheduler.now());
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────
  start(): void {
    if (!this.over) this.connection.inboundStream().then(this.onInbound, this.onLost);
  }

  open(): MuxedStream {
    if (this.over || this.ending !== undefined)
      throw new Libp2pError(
        'ERR_CONNECTION_CLOSED',
        'network',
        'the connection is closing: it opens no more streams',
      );
    const { maxOutboundStreams } = this.deps.limits;
    if (!this.canOpen) throw new LimitError('connection', 'outbound streams', maxOutboundStreams, 'local');
    const stream = this.add(true);
    this.openings.ask(stream);
    return stream;
  }

  close(): void {
    if (this.over || this.ending !== undefined) return;
    this.ending = { by: 'local' };
    // Streams get their time to end in order.
    this.closing = this.deps.scheduler.schedule(() => {
      this.abort(closedError());
    }, CLOSE_MS);
    if (this.streams.size === 0) this.endWhenEmpty();
    else for (const stream of [...this.streams]) stream.close();
  }

  /** The addon closes with code 0, whatever `code` is. */
  abort(error: Error): void {
    if (!this.over) this.closeNow({ by: 'local', error });
  }

  // ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────────
  get canOpen(): boolean {
    return (
      !this.over &&
      this.ending === undefined &&
      this.streams.size - this.inbound < this.deps.limits.maxOutboundStreams
    );
  }
  get slotFreed$(): Observable<void> {
    return this.slots.asObservable();
  }
  get rttMs(): number | undefined {
    return this.connection.rtt();
  }
  get streamCount(): number {
    return this.streams.size;
  }

  // ── for the streams ────────────────────────────────────────────────────────────────────────────────────────────────
  now(): number {
    return this.deps.scheduler.now();
  }

  read(byteLength: number): void {
    this.bytesRead += byteLength;
  }

  wrote(byteLength: number): void {
    this.bytesWritten += byteLength;
    this.wroteAt = this.now();
  }

  drain(expire: () => void): () => void {
    return this.drains.add(expire);
  }

  soon(expire: () => void): () => void {
    return this.graces.add(expire);
  }

  resetByRemote({ ours }: QuicStream): void {
    if (ours) return;
    const now = this.now();
    if (this.churn.waitMs(now) > 0)
      this.abort(new LimitError('connection', 'streams opened and reset per second', CHURN.perSecond));
    else this.churn.take(now);
  }

  telling(told: Promise<unknown>): void {
    this.untold += 1;
    const done = (): void => {
      this.untold -= 1;
    };
    told.then(done, done);
    if (this.untold > MAX_UNTOLD)
      this.abort(new LimitError('connection', 'resets that the remote does not take', MAX_UNTOLD));
  }

  cutOff(stream: QuicStream): void {
    // Why the connection is over is heard where streams are accepted, at about the same time.
    if (this.isLost && this.ending !== undefined)
      stream.fail(this.ending.error ?? closedError(), this.ending.by);
  }

  forget(stream: QuicStream): void {
    if (!this.streams.delete(stream)) return;
    if (stream.ours) this.openings.withdraw(stream);
    else this.inbound -= 1;
    this.slots.next();
    this.endWhenEmpty();
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────
  private readonly onInbound = (native: NativeStream): void => {
    if (this.over) return;
    if (this.ending === undefined) this.admit(native);
    else refuse(native);
    this.start();
  };

  private admit(native: NativeStream): void {
    this.inbound += 1;
    const stream = this.add(false);
    this.observer.onStream(stream);
    if (stream.gone) refuse(native);
    else stream.begin(native);
  }

  private add(ours: boolean): QuicStream {
    const opener = (this.role === 'client') === ours ? 0 : 1;
    // As QUIC counts them, though the two ends may count differently when streams overtake each other.
    const stream = new QuicStream(this.nextId * 4 + opener, ours, this);
    this.nextId += 1;
    this.streams.add(stream);
    return stream;
  }

  // ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────
  private readonly onLost = (thrown: unknown): void => {
    if (this.over) return;
    const reason = this.ending ?? closeReason(asError(thrown).message);
    this.ending = reason;
    this.isLost = true;
    this.openings.close();
    // What has arrived can still be read; where nothing has, or nobody reads in time, it is over.
    for (const stream of [...this.streams])
      if (!stream.hasMore) stream.fail(reason.error ?? closedError(), reason.by);
    this.closing?.unsubscribe();
    this.closing = this.deps.scheduler.schedule(() => {
      this.finish(reason);
    }, CLOSE_MS);
    this.endWhenEmpty();
  };

  private endWhenEmpty(): void {
    const reason = this.ending;
    if (reason === undefined || this.over || this.streams.size > 0) return;
    if (this.isLost) this.finish(reason);
    else this.closeWhenQuiet(reason, this.now());
  }

  /** Closing throws away what has not arrived, and the addon does not say what has: so it waits until nothing more leaves. */
  private closeWhenQuiet(reason: CloseReason, since: number): void {
    this.closing?.unsubscribe();
    const quietMs = Math.min(CLOSE_MS, Math.max(QUIET_MS, 3 * this.connection.rtt()));
    const sent = this.connection.stats().frameTxStream;
    const look = (): void => {
      const isQuiet = this.connection.stats().frameTxStream === sent;
      if (isQuiet || this.now() - since >= CLOSE_MS) this.closeNow(reason);
      else this.closeWhenQuiet(reason, since);
    };
    if (this.now() - this.wroteAt >= CLOSE_MS) this.closeNow(reason);
    else this.closing = this.deps.scheduler.schedule(look, quietMs);
  }

  private closeNow(reason: CloseReason): void {
    this.connection.abort();
    this.finish(reason);
  }

  private finish(reason: CloseReason): void {
    if (this.over) return;
    this.over = true;
    this.closing?.unsubscribe();
    this.drains.close();
    this.graces.close();
    this.openings.close();
    const error = reason.error ?? closedError();
    for (const stream of [...this.streams]) stream.fail(error, reason.by);
    this.observer.onClose(reason);
    this.slots.complete();
  }
}

function refuse(native: NativeStream): void {
  for (const told of [native.resetWrite(), native.stopRead()]) told.catch(() => undefined);
}

function closedError(): Libp2pError {
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection was closed');
}
