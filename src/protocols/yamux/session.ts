/**
 * One yamux connection: decodes what comes, keeps the streams, and decides what ends them. What leaves is the outbox's.
 * Byte path (ADR 2; measured by `bench/`): bodies are handed on as slices of what arrived, never gathered.
 * @source yamux specification; reactions to violations as in rust and js (go-away 1, then close)
 */
import type { Observable, Subscription } from 'rxjs';
import { RESOURCE_LIMIT } from '../../core/account.js';
import type { Bytes, CloseReason, Duplex, PlainChannel, PlainReader } from '../../core/duplex.js';
import { asError } from '../../core/errors.js';
import type { MuxerObserver, MuxerSession } from '../../core/parts.js';
import { plainOf } from '../../rx/plain.js';
import {
  closedError,
  cutOff,
  FLAG,
  GO_AWAY,
  goneAway,
  opensNoMore,
  silent,
  TYPE,
  violation,
  type Header,
} from './frame.js';
import { FrameReader, type FrameHandler } from './frame-reader.js';
import { Heartbeat, type HeartbeatOwner } from './heartbeat.js';
import { linger } from './linger.js';
import { Ledger, MAX_CONTROL_FRAMES, tooMany, unreadAnswers } from './limits.js';
import { Outbox } from './outbox.js';
import { ReceiveWindow } from './receive-window.js';
import type { SessionDeps } from './session-deps.js';
import { Slots } from './slots.js';
import { StreamFrames, type StreamFramesOwner } from './stream-frames.js';
import { StreamTable } from './stream-table.js';
import { YamuxStream, type StreamOwner } from './stream.js';

/** How long streams get to end in order when the connection closes. */
const CLOSE_MS = 1_000;
/** Stream code for "the connection shuts down". @source libp2p error codes */
const SHUTDOWN = 0x1007;

export class YamuxSession
  implements MuxerSession, StreamOwner, StreamFramesOwner, FrameHandler, HeartbeatOwner, PlainReader
{
  readonly hasRoom = true;
  now: number;
  bytesRead = 0;
  /** Made when somebody waits for a stream. */
  private readonly slots = new Slots();
  private readonly table: StreamTable;
  private readonly outbox: Outbox;
  private readonly ledger: Ledger;
  private readonly heartbeat: Heartbeat;
  private readonly reader: FrameReader;
  private readonly streamFrames: StreamFrames;
  private readonly channel: PlainChannel;
  private closing: Subscription | undefined;
  private goingAway: CloseReason | undefined;
  private aborting = false;
  isOver = false;

  constructor(
    private readonly duplex: Duplex,
    role: 'client' | 'server',
    private readonly observer: MuxerObserver,
    private readonly deps: SessionDeps,
  ) {
    this.now = deps.scheduler.now();
    this.table = new StreamTable(role, deps.limits, deps.firstStreamId);
    this.channel = plainOf(duplex);
    this.outbox = new Outbox(this.channel, deps.scheduler, deps.slab);
    this.ledger = new Ledger(deps.limits);
    this.heartbeat = new Heartbeat(deps.heartbeats, this);
    this.streamFrames = new StreamFrames(this.table, this.ledger, this);
    this.reader = new FrameReader(this, this.streamFrames);
  }

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────
  start(): void {
    this.channel.watchRoom(this.outbox);
    this.heartbeat.start();
    this.channel.attach(this);
    if (this.isOver) this.channel.detach(this);
  }

  open(): YamuxStream {
    if (this.isOver || this.goingAway !== undefined) throw opensNoMore();
    this.tick();
    if (this.table.exhausted) this.close();
    const stream = new YamuxStream(this.table.nextOutboundId(), true, this.newWindow(), this);
    this.table.add(stream);
    return stream;
  }

  close(): void {
    if (this.isOver || this.goingAway?.by === 'local') return;
    this.goingAway = { by: 'local' };
    for (const stream of this.table.all()) stream.close();
    this.finishWhenEmpty();
  }

  abort(error: Error, code: number = GO_AWAY.normal): void {
    if (this.isOver || this.aborting) return;
    this.aborting = true;
    for (const stream of this.table.all()) stream.reset(error, SHUTDOWN);
    this.sayGoodbye(code);
    this.finish({ by: 'local', error, code });
  }

  // ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────────
  get canOpen(): boolean {
    return !this.isOver && this.goingAway === undefined && (this.table.canOpen || this.table.exhausted);
  }
  get slotFreed$(): Observable<void> {
    return this.slots.freed$;
  }
  get rttMs(): number | undefined {
    return this.heartbeat.keepAlive.rttMs;
  }
  get heardBytes(): number {
    return this.observer.heardBytes?.() ?? this.bytesRead;
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

  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.isOver) return;
    this.outbox.pushControl({ type, flags, streamId, length });
    if (this.outbox.controlFrames <= MAX_CONTROL_FRAMES || this.aborting) return;
    // One chunk may hold thousands of frames: it is the remote's not reading that is judged.
    this.outbox.flush();
    if (this.outbox.controlFrames > MAX_CONTROL_FRAMES) this.abort(unreadAnswers(), GO_AWAY.protocolError);
  }

  consumed(window: ReceiveWindow, byteLength: number): number {
    return window.consume(byteLength, this.now, this.rttMs, (grow) => this.ledger.reserve(grow));
  }

  forget(stream: YamuxStream): void {
    if (!this.table.remove(stream)) return;
    this.ledger.release(stream.window.extraBytes);
    if (!stream.remoteEnded && stream.announcedToRemote)
      this.ledger.strays.expect(stream.id, stream.window.remaining);
    this.slots.free();
    this.finishWhenEmpty();
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────
  onFail(error: Error): void {
    this.finish({ by: 'remote', error });
  }

  onBytes(chunk: Bytes): void {
    if (this.isOver) return;
    this.bytesRead += chunk.byteLength;
    this.tick();
    this.heartbeat.keepAlive.heard(this.now);
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.abort(asError(error), GO_AWAY.protocolError);
    }
  }

  // ── what comes: FrameHandler and StreamFramesOwner ─────────────────────────────────────────────────────────────────
  get accepting(): boolean {
    return this.goingAway === undefined;
  }

  onHeader(header: Header): void {
    if (header.type === TYPE.ping) this.handlePing(header);
    else if (header.type === TYPE.goAway) this.handleGoAway(header);
    else this.streamFrames.onHeader(header);
  }

  admit(streamId: number): YamuxStream {
    const stream = new YamuxStream(streamId, false, this.newWindow(), this);
    this.table.add(stream);
    this.observer.onStream(stream);
    // The ACK rides on the first answer of this turn, or goes alone.
    stream.announce();
    return stream;
  }

  refuse(streamId: number, code: number): void {
    if (code === RESOURCE_LIMIT && this.accepting) this.observer.onRefused?.(tooMany(this.deps.limits));
    this.control(TYPE.windowUpdate, FLAG.rst, streamId, code);
  }

  slotFreed(): void {
    this.slots.free();
  }

  private handlePing({ flags, streamId, length }: Header): void {
    if (streamId !== 0) throw violation(`a ping on stream ${String(streamId)}`);
    if ((flags & FLAG.syn) === 0) this.heartbeat.keepAlive.pong(length, this.now);
    else this.outbox.pushPong({ type: TYPE.ping, flags: FLAG.ack, streamId: 0, length });
  }

  private handleGoAway({ streamId, length }: Header): void {
    if (streamId !== 0) throw violation(`a go-away on stream ${String(streamId)}`);
    if (length !== GO_AWAY.normal) {
      this.finish({ by: 'remote', code: length, error: goneAway(length) });
      return;
    }
    this.goingAway ??= { by: 'remote', code: length };
    this.finishWhenEmpty();
  }

  // ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────
  onEnd(): void {
    const isCutOff = this.reader.midway || (this.table.size > 0 && this.goingAway === undefined);
    this.finish(isCutOff ? { by: 'remote', error: cutOff() } : (this.goingAway ?? { by: 'remote' }));
  }

  private finishWhenEmpty(): void {
    const reason = this.goingAway;
    if (reason === undefined || this.isOver) return;
    if (this.outbox.flushing) {
      this.deps.scheduler.schedule(() => {
        this.finishWhenEmpty();
      }, 0);
      return;
    }
    if (this.table.size === 0) {
      if (reason.by === 'local') this.sayGoodbye(GO_AWAY.normal);
      else this.outbox.flushAll();
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
    if (this.isOver) return;
    this.isOver = true;
    this.outbox.close();
    this.channel.detach(this);
    this.closing?.unsubscribe();
    this.heartbeat.stop();
    if (this.table.size > 0) {
      const { by, error = closedError() } = reason;
      for (const stream of this.table.all()) stream.fail(error, by);
    }
    linger(this.duplex, this.deps.scheduler);
    this.observer.onClose(reason);
    this.slots.close();
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  private tick(): void {
    this.now = this.deps.scheduler.now();
  }

  onTick(now: number): void {
    this.now = now;
    this.table.tend(now);
  }

  onDead(): void {
    this.abort(silent(), GO_AWAY.internalError);
  }

  sendPing(value: number): void {
    this.outbox.pushControl({ type: TYPE.ping, flags: FLAG.syn, streamId: 0, length: value });
  }

  private newWindow(): ReceiveWindow {
    return new ReceiveWindow(this.now, this.deps.limits.maxStreamWindowBytes);
  }
}
