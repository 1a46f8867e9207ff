/**
 * One yamux connection: decodes what comes, keeps the streams, and decides what ends them. What leaves is the outbox's.
 * Byte path (ADR 2; measured by `bench/`): bodies are handed on as slices of what arrived, never gathered.
 * @source yamux specification; reactions to violations as in rust and js (go-away 1, then close)
 */
import { Subject, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { Bytes, CloseReason, Duplex } from '../../core/duplex.js';
import { asError, LimitError, Libp2pError } from '../../core/errors.js';
import type { MuxerObserver, MuxerSession } from '../../core/parts.js';
import type { Slab } from './batch.js';
import { FLAG, GO_AWAY, HEADER_BYTES, TYPE, decodeHeader, violation, type Header } from './frame.js';
import { KEEP_ALIVE_EVERY_MS, KeepAlive } from './keep-alive.js';
import { linger } from './linger.js';
import { Ledger, MAX_CONTROL_FRAMES, outstanding, type YamuxLimits } from './limits.js';
import { Outbox } from './outbox.js';
import { ReceiveWindow } from './receive-window.js';
import { StreamTable } from './stream-table.js';
import { YamuxStream, type StreamOwner } from './stream.js';

/** A stream that we no longer want and the remote does not end is reset after this. */
const DRAIN_MS = 60_000;
/** How long streams get to end in order when the connection closes. */
const CLOSE_MS = 1_000;
/** Stream code for "the connection shuts down". @source libp2p error codes */
const SHUTDOWN = 0x1007;
const RESOURCE_LIMIT = 0x1002;
const STREAM_PROTOCOL_VIOLATION = 0x1004;

export interface SessionDeps {
  readonly scheduler: SchedulerLike;
  readonly limits: YamuxLimits;
  readonly slab: Slab;
}

export class YamuxSession implements MuxerSession, StreamOwner {
  now: number;
  bytesRead = 0;
  private readonly slots = new Subject<void>();
  private readonly table: StreamTable;
  private readonly outbox: Outbox;
  private readonly ledger: Ledger;
  private readonly keepAlive: KeepAlive;
  private readonly header = new Uint8Array(HEADER_BYTES);
  private headerFilled = 0;
  private bodyLeft = 0;
  private bodyStream: YamuxStream | undefined;
  private bodyFlags = 0;
  private reading: Subscription | undefined;
  private rooms: Subscription | undefined;
  private timer: Subscription | undefined;
  private closing: Subscription | undefined;
  private goingAway: CloseReason | undefined;
  private aborting = false;
  private over = false;

  constructor(
    private readonly duplex: Duplex,
    role: 'client' | 'server',
    private readonly observer: MuxerObserver,
    private readonly deps: SessionDeps,
  ) {
    this.now = deps.scheduler.now();
    this.table = new StreamTable(role, deps.limits);
    this.outbox = new Outbox(duplex.sink, deps.scheduler, deps.slab);
    this.ledger = new Ledger(deps.limits);
    this.keepAlive = new KeepAlive(this.now);
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────
  start(): void {
    this.rooms = this.duplex.room$.subscribe({
      next: (hasRoom) => {
        this.outbox.setRoom(hasRoom);
      },
      error: () => undefined,
    });
    this.sendPing(this.keepAlive.ping(this.now));
    this.scheduleTick();
    this.reading = this.duplex.read().subscribe({
      next: (bytes) => {
        this.receive(bytes);
      },
      error: (error: unknown) => {
        this.finish({ by: 'remote', error: asError(error) });
      },
      complete: () => {
        this.remoteEnded();
      },
    });
    if (this.over) this.reading.unsubscribe();
  }

  open(): YamuxStream {
    if (this.over || this.goingAway !== undefined)
      throw new Libp2pError(
        'ERR_CONNECTION_CLOSED',
        'network',
        'the connection is closing: it opens no more streams',
      );
    this.tick();
    const stream = new YamuxStream(this.table.nextOutboundId(), true, this.newWindow(), this);
    this.table.add(stream);
    return stream;
  }

  close(): void {
    if (this.over || this.goingAway?.by === 'local') return;
    this.goingAway = { by: 'local' };
    for (const stream of this.table.all()) {
      stream.end();
      stream.discard();
    }
    this.finishWhenEmpty();
  }

  abort(error: Error, code: number = GO_AWAY.normal): void {
    if (this.over || this.aborting) return;
    this.aborting = true;
    for (const stream of this.table.all()) stream.reset(error, SHUTDOWN);
    this.sayGoodbye(code);
    this.finish({ by: 'local', error, code });
  }

  // ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────────
  get canOpen(): boolean {
    return !this.over && this.goingAway === undefined && this.table.canOpen;
  }
  get slotFreed$(): Observable<void> {
    return this.slots.asObservable();
  }
  get rttMs(): number | undefined {
    return this.keepAlive.rttMs;
  }
  get bytesWritten(): number {
    return this.outbox.bytesWritten;
  }
  get streamCount(): number {
    return this.table.size;
  }

  // ── for the streams ────────────────────────────────────────────────────────────────────────────────────────────────
  schedule(stream: YamuxStream): void {
    this.tick();
    this.outbox.pushStream(stream);
  }

  announced(): void {
    this.table.unacknowledged += 1;
  }

  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.over) return;
    this.outbox.pushControl({ type, flags, streamId, length });
    if (this.outbox.controlFrames > MAX_CONTROL_FRAMES && !this.aborting)
      this.abort(
        new LimitError('connection', 'answers waiting to be sent', MAX_CONTROL_FRAMES),
        GO_AWAY.protocolError,
      );
  }

  consumed(window: ReceiveWindow, byteLength: number): number {
    return window.consume(byteLength, this.now, this.keepAlive.rttMs, (grow) => this.ledger.reserve(grow));
  }

  forget(stream: YamuxStream): void {
    if (!this.table.remove(stream)) return;
    this.ledger.release(stream.window.extraBytes);
    if (!stream.remoteEnded) this.ledger.allowStray(outstanding(stream.window.remaining));
    this.slots.next();
    this.finishWhenEmpty();
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────
  private receive(chunk: Bytes): void {
    this.bytesRead += chunk.byteLength;
    this.tick();
    this.keepAlive.heard(this.now);
    try {
      let offset = 0;
      while (offset < chunk.byteLength && !this.over) {
        offset = this.bodyLeft > 0 ? this.receiveBody(chunk, offset) : this.receiveHeader(chunk, offset);
      }
    } catch (error) {
      this.abort(asError(error), GO_AWAY.protocolError);
    }
  }

  private receiveHeader(chunk: Bytes, offset: number): number {
    if (this.headerFilled === 0 && chunk.byteLength - offset >= HEADER_BYTES) {
      const header = decodeHeader(chunk, offset);
      if (header !== undefined) this.handle(header);
      return offset + HEADER_BYTES;
    }
    const end = Math.min(chunk.byteLength, offset + HEADER_BYTES - this.headerFilled);
    this.header.set(chunk.subarray(offset, end), this.headerFilled);
    this.headerFilled += end - offset;
    if (this.headerFilled === HEADER_BYTES) {
      this.headerFilled = 0;
      const header = decodeHeader(this.header);
      if (header !== undefined) this.handle(header);
    }
    return end;
  }

  private receiveBody(chunk: Bytes, offset: number): number {
    const end = Math.min(chunk.byteLength, offset + this.bodyLeft);
    this.bodyLeft -= end - offset;
    if (this.bodyStream === undefined) this.ledger.stray(end - offset);
    else this.bodyStream.receive(chunk.subarray(offset, end));
    if (this.bodyLeft === 0) this.endFrame();
    return end;
  }

  private endFrame(): void {
    const stream = this.bodyStream;
    this.bodyStream = undefined;
    if (stream === undefined) return;
    if ((this.bodyFlags & FLAG.fin) !== 0) stream.receiveEnd();
    if ((this.bodyFlags & FLAG.rst) !== 0) stream.receiveReset(0);
  }

  private handle(header: Header): void {
    if (header.type === TYPE.ping) this.handlePing(header);
    else if (header.type === TYPE.goAway) this.handleGoAway(header);
    else this.handleStreamFrame(header);
  }

  private handlePing({ flags, streamId, length }: Header): void {
    if (streamId !== 0) throw violation(`a ping on stream ${String(streamId)}`);
    if ((flags & FLAG.syn) === 0) this.keepAlive.pong(length, this.now);
    else this.outbox.pushPong({ type: TYPE.ping, flags: FLAG.ack, streamId: 0, length });
  }

  private handleGoAway({ streamId, length }: Header): void {
    if (streamId !== 0) throw violation(`a go-away on stream ${String(streamId)}`);
    if (length !== GO_AWAY.normal) {
      const error = new Libp2pError(
        'ERR_GO_AWAY',
        'remote',
        `the remote closed the connection with code 0x${length.toString(16)}`,
      );
      this.finish({ by: 'remote', code: length, error });
      return;
    }
    this.goingAway ??= { by: 'remote', code: length };
    this.finishWhenEmpty();
  }

  private handleStreamFrame(header: Header): void {
    const { type, flags, streamId, length } = header;
    if (streamId === 0) throw violation('a data or window frame on stream 0');
    const stream = (flags & FLAG.syn) !== 0 ? this.accept(streamId) : this.table.get(streamId);
    if (stream !== undefined && (flags & FLAG.ack) !== 0) this.acknowledge(stream);
    if (type === TYPE.data) {
      this.beginBody(header, stream);
      return;
    }
    if (stream === undefined) return;
    if ((flags & FLAG.rst) !== 0) {
      this.resetByRemote(stream, length);
      return;
    }
    if (!stream.receiveCredit(length))
      throw violation(
        `a window update of ${String(length)} that makes stream ${String(streamId)}'s window overflow`,
      );
    if ((flags & FLAG.fin) !== 0) stream.receiveEnd();
  }

  private beginBody({ flags, streamId, length }: Header, stream: YamuxStream | undefined): void {
    if (stream !== undefined && length > 0) {
      if (stream.remoteEnded)
        stream.reset(
          violation(`data on stream ${String(streamId)} after its end`),
          STREAM_PROTOCOL_VIOLATION,
        );
      else if (!stream.window.receive(length))
        throw violation(
          `${String(length)} bytes on stream ${String(streamId)}, whose window has ${String(stream.window.remaining)}`,
        );
    }
    this.bodyLeft = length;
    this.bodyStream = stream;
    this.bodyFlags = flags;
    if (length === 0) this.endFrame();
  }

  private accept(streamId: number): YamuxStream | undefined {
    if (!this.table.isInbound(streamId))
      throw violation(`a SYN for stream ${String(streamId)}, an id of ours`);
    if (this.table.get(streamId) !== undefined)
      throw violation(`a SYN for stream ${String(streamId)}, which is open`);
    const reused = !this.table.isNew(streamId);
    if (reused) this.ledger.reusedId(streamId);
    if (reused || this.goingAway !== undefined || !this.table.canAccept) {
      this.control(
        TYPE.windowUpdate,
        FLAG.rst,
        streamId,
        reused ? STREAM_PROTOCOL_VIOLATION : RESOURCE_LIMIT,
      );
      this.ledger.allowStray(outstanding(0));
      return undefined;
    }
    const stream = new YamuxStream(streamId, false, this.newWindow(), this);
    this.table.add(stream);
    this.observer.onStream(stream);
    // The ACK rides on the first answer of this turn, or goes alone.
    stream.announce();
    return stream;
  }

  private acknowledge(stream: YamuxStream): void {
    if (stream.acknowledged) return;
    stream.acknowledged = true;
    this.table.unacknowledged -= 1;
    this.slots.next();
  }

  private resetByRemote(stream: YamuxStream, code: number): void {
    if (!stream.ours) this.ledger.churn(this.now);
    stream.receiveReset(code);
  }

  // ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────
  private remoteEnded(): void {
    if (this.headerFilled > 0 || this.bodyLeft > 0 || (this.table.size > 0 && this.goingAway === undefined)) {
      const error = new Libp2pError(
        'ERR_UNEXPECTED_END',
        'network',
        'the connection ended while streams were open',
      );
      this.finish({ by: 'remote', error });
    } else this.finish(this.goingAway ?? { by: 'remote' });
  }

  private finishWhenEmpty(): void {
    const reason = this.goingAway;
    if (reason === undefined || this.over) return;
    if (this.table.size === 0) {
      if (reason.by === 'local') this.sayGoodbye(GO_AWAY.normal);
      this.finish(reason);
    } else
      this.closing ??= this.deps.scheduler.schedule(() => {
        this.abort(closedError(), GO_AWAY.normal);
      }, CLOSE_MS);
  }

  private sayGoodbye(code: number): void {
    this.outbox.pushControl({ type: TYPE.goAway, flags: 0, streamId: 0, length: code });
    this.outbox.flushAll();
  }

  private finish(reason: CloseReason): void {
    if (this.over) return;
    this.over = true;
    this.outbox.close();
    for (const end of [this.reading, this.rooms, this.timer, this.closing]) end?.unsubscribe();
    const error = reason.error ?? closedError();
    for (const stream of this.table.all()) stream.fail(error, reason.by);
    this.slots.complete();
    linger(this.duplex, this.deps.scheduler);
    this.observer.onClose(reason);
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  private tick(): void {
    this.now = this.deps.scheduler.now();
  }

  private scheduleTick(): void {
    this.timer = this.deps.scheduler.schedule(() => {
      this.tick();
      this.resetUndrained();
      const wish = this.keepAlive.tick(this.now);
      if (wish === 'dead')
        this.abort(
          new Libp2pError('ERR_KEEPALIVE_TIMEOUT', 'network', 'the remote has been silent for 30 s'),
          GO_AWAY.internalError,
        );
      else {
        this.sendPing(wish);
        this.scheduleTick();
      }
    }, KEEP_ALIVE_EVERY_MS);
  }

  private sendPing(value: number | undefined): void {
    if (value !== undefined)
      this.outbox.pushControl({ type: TYPE.ping, flags: FLAG.syn, streamId: 0, length: value });
  }

  private resetUndrained(): void {
    for (const stream of this.table.all()) {
      if (stream.discardedAt !== undefined && this.now - stream.discardedAt >= DRAIN_MS)
        stream.reset(closedError());
    }
  }

  private newWindow(): ReceiveWindow {
    return new ReceiveWindow(this.now, this.deps.limits.maxStreamWindowBytes);
  }
}

function closedError(): Libp2pError {
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection was closed');
}
