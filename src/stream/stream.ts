/**
 * The public stream: RxJS's Subject face over a muxed stream. The only class here that is an Observable.
 * Byte path (ADR 2; measured by `bench/`): plain calls inside, subjects made only when somebody looks.
 */
import {
  ReplaySubject,
  type Observable,
  type ObservableInput,
  type OperatorFunction,
  type Subscriber,
  type Unsubscribable,
} from 'rxjs';
import type { Bytes, CloseReason, Duplex, RoomWatcher, Writable } from '../core/duplex.js';
import { asError, Libp2pError, StreamBufferError, StreamResetError } from '../core/errors.js';
import type { StreamScope } from '../core/limits-contract.js';
import type { MuxedReader, MuxedStream } from '../core/muxed-stream.js';
import type { Stream } from '../core/stream-contract.js';
import { iterate } from '../promises/iterate.js';
import { toWebStreams } from '../promises/web-streams.js';
import { Flag } from '../rx/flag.js';
import { Guarded } from '../rx/guarded.js';
import { ReadSide, type ReadSideOwner } from '../rx/read-side.js';
import { consume } from './consume.js';
import { pipeTo } from './pipe-to.js';
import type { PendingProposal, StreamFacts, StreamHome } from './stream-facts.js';
import { writeFrom } from './write-from.js';

/** Stream code for a protocol that was refused. @source libp2p error codes */
const NEGOTIATION_FAILED = 0x1001;

export class HostStream extends Guarded<Bytes> implements Stream, MuxedReader, ReadSideOwner {
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
  readonly connection: StreamHome;
  readonly scope: StreamScope | undefined;
  readonly openedAt: number;
  readonly idleTimeoutMs: number;
  bytesRead = 0;
  bytesWritten = 0;
  /** Writes that came too late, after `complete` or a reset. */
  ignoredWrites = 0;
  private readonly number: number;
  private readonly maxBufferedBytes: number;
  private readonly side = new ReadSide(this);
  /** Made when somebody looks. */
  private room: Flag | undefined;
  /** Until it is answered. */
  private pending: PendingProposal | undefined;
  /** Whether what is proposed has left. */
  hasBegun: boolean;
  private ending = false;
  private endHeldBack = false;
  private discards = false;
  private firstEnd: 'local' | 'remote' | undefined;
  private reason: CloseReason | undefined;
  private closed: ReplaySubject<CloseReason> | undefined;

  constructor(
    private readonly muxed: MuxedStream,
    facts: StreamFacts,
  ) {
    super(facts.connection.report, readStream);
    this.number = facts.number;
    this.protocol = facts.protocol;
    this.direction = facts.direction;
    this.connection = facts.connection;
    this.scope = facts.scope;
    this.openedAt = facts.openedAt;
    this.maxBufferedBytes = facts.maxBufferedBytes;
    this.idleTimeoutMs = facts.idleTimeoutMs;
    this.pending = facts.lazy;
    this.hasBegun = facts.lazy === undefined;
    muxed.reader = this;
  }

  get id(): string {
    return `${this.connection.id}-${String(this.number)}`;
  }

  /** Makes `subscriber` the reader. Nothing is fed from here, so that one without a room may leave untold: a list of what to tell takes more than all else of a reader. */
  attach(subscriber: Subscriber<Bytes>, room$?: Observable<boolean>): Unsubscribable | undefined {
    this.begin();
    const reader = this.side.attach(subscriber, room$);
    return room$ === undefined ? undefined : reader;
  }

  /** One at a time: for whoever reads here and writes here. */
  watchRoom(watcher: RoomWatcher): void {
    this.roomFlag.watch(watcher);
  }

  onConsumed(byteLength: number): void {
    this.muxed.credit(byteLength);
  }

  // ── Duplex and Subject ─────────────────────────────────────────────────────────────────────────────────────────────
  get hasRoom(): boolean {
    return this.muxed.hasRoom;
  }
  get room$(): Observable<boolean> {
    return this.roomFlag.$;
  }
  get sink(): this {
    return this;
  }
  get activeAt(): number {
    return this.muxed.activeAt;
  }
  get closeReason(): CloseReason | undefined {
    return this.reason;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    if (room$ === undefined) return this;
    return new Guarded<Bytes>(this.connection.report, (subscriber) => this.attach(subscriber, room$));
  }

  next(bytes: Writable): void {
    if (this.ending || this.reason !== undefined) {
      this.ignoredWrites += 1;
      return;
    }
    if (this.muxed.queuedBytes >= this.maxBufferedBytes) {
      this.muxed.reset(new StreamBufferError(this.muxed.queuedBytes, this.maxBufferedBytes));
      return;
    }
    this.begin();
    this.bytesWritten += bytes.byteLength;
    this.muxed.write(bytes);
  }

  complete(): void {
    if (this.ending || this.reason !== undefined) return;
    this.ending = true;
    this.firstEnd ??= 'local';
    this.begin();
    if (this.pending?.holdsEnd === true) this.endHeldBack = true;
    else this.muxed.end();
  }

  error(reason: unknown, code = 0): void {
    if (this.reason !== undefined) return;
    const cause = asError(reason);
    this.muxed.reset(
      new StreamResetError(`the stream was reset here: ${cause.message}`, code, 'local', { cause }),
      code,
    );
  }

  close(): void {
    this.complete();
    // What is discarded is not read, and an end behind an answer that was never read is no end in order.
    this.discards = this.pending !== undefined;
    if (!this.discards) this.muxed.discard();
    this.side.end();
  }

  // ── higher faces ───────────────────────────────────────────────────────────────────────────────────────────────────
  get closed$(): Observable<CloseReason> {
    if (this.closed === undefined) {
      this.closed = new ReplaySubject<CloseReason>(1);
      if (this.reason !== undefined) this.publish(this.reason);
    }
    return this.closed.asObservable();
  }

  writeFrom(source: ObservableInput<Writable>): Observable<never> {
    return this.guarded(writeFrom(source, this));
  }

  pipeTo(destination: Pick<Duplex, 'sink' | 'room$'>): Observable<never> {
    return new Guarded<never>(this.connection.report, (subscriber) => {
      this.begin();
      return pipeTo(this, this.side, destination, subscriber);
    });
  }

  consume<R>(project: (chunk: Bytes) => ObservableInput<R>): Observable<R>;
  consume<F, R>(frames: OperatorFunction<Bytes, F>, project: (frame: F) => ObservableInput<R>): Observable<R>;
  consume<F, R>(
    first: OperatorFunction<Bytes, F> | ((chunk: Bytes) => ObservableInput<R>),
    project?: (frame: F) => ObservableInput<R>,
  ): Observable<R> {
    return this.guarded(consume(this, first, project));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes> {
    return iterate((room$) => this.read(room$));
  }

  toWeb(): { readable: ReadableStream<Bytes>; writable: WritableStream<Uint8Array> } {
    return toWebStreams(this);
  }

  // ── what the muxer says ────────────────────────────────────────────────────────────────────────────────────────────
  onBytes(bytes: Bytes): void {
    if (this.pending !== undefined) {
      this.readAnswer(this.pending, bytes);
      return;
    }
    this.bytesRead += bytes.byteLength;
    this.side.push(bytes);
  }

  onEnd(): void {
    this.firstEnd ??= 'remote';
    if (this.pending === undefined) {
      this.side.end();
      return;
    }
    const what = `the stream ended before ${this.protocol} was answered`;
    this.muxed.reset(new Libp2pError('ERR_UNEXPECTED_END', 'remote', what), NEGOTIATION_FAILED);
  }

  onReset(error: Error, by: 'local' | 'remote', code: number | undefined): void {
    this.side.fail(error);
    this.finish({ by, code, error });
  }

  onRoom(hasRoom: boolean): void {
    this.room?.set(hasRoom);
  }

  onClosed(): void {
    this.finish({ by: this.firstEnd ?? 'remote' });
  }

  /** First use: what was proposed leaves in front of the first bytes. */
  begin(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    if (this.pending !== undefined) this.muxed.write(this.pending.bytes);
  }

  /** Whether the optimistic proposal still waits for its answer. */
  get awaitsAnswer(): boolean {
    return this.pending !== undefined && this.reason === undefined;
  }

  /** The handler that owns this stream has failed. */
  handlerFailed(error: Error): void {
    this.connection.handlerFailed(this, error);
  }

  /** Resets with an error of ours as it is, for limits and deadlines. */
  abort(error: Error, code: number): void {
    this.muxed.reset(error, code);
  }

  private get roomFlag(): Flag {
    if (this.room === undefined) {
      this.room = new Flag(this.muxed.hasRoom);
      if (this.reason !== undefined) this.room.complete();
    }
    return this.room;
  }

  private readAnswer(pending: PendingProposal, bytes: Bytes): void {
    try {
      const answered = pending.push(bytes);
      this.muxed.credit(bytes.byteLength - (answered?.rest?.byteLength ?? 0));
      if (answered === undefined) return;
      this.goOn();
      if (answered.rest !== undefined && !this.discards) this.onBytes(answered.rest);
    } catch (error) {
      this.muxed.reset(asError(error), NEGOTIATION_FAILED);
    }
  }

  /** What waited for the answer. */
  private goOn(): void {
    this.pending?.settled();
    this.pending = undefined;
    if (this.endHeldBack) this.muxed.end();
    this.endHeldBack = false;
    if (this.discards) this.muxed.discard();
  }

  private finish(reason: CloseReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.ending = true;
    this.pending?.settled();
    this.room?.complete();
    this.publish(reason);
    this.connection.streamEnded(this, reason);
  }

  private publish(reason: CloseReason): void {
    this.closed?.next(reason);
    this.closed?.complete();
  }

  private guarded<T>(source: Observable<T>): Observable<T> {
    return new Guarded<T>(this.connection.report, (subscriber) => source.subscribe(subscriber));
  }
}

/** What subscribing to a stream does: one function for all of them, with the stream as its `this`. */
function readStream(this: Observable<Bytes>, subscriber: Subscriber<Bytes>): Unsubscribable | undefined {
  return this instanceof HostStream ? this.attach(subscriber) : undefined;
}
