/** A socket, of TCP or of TLS on it, as `Duplex`. Byte path (ADR 2; measured by `bench/`): pieces are written together, nothing is copied. */
import type { Socket } from 'node:net';
import { Observable, type Observer, type Subscription } from 'rxjs';
import { concatBytes, NO_BYTES, piecesOf } from '../core/bytes.js';
import type { Bytes, Duplex, RoomWatcher, Writable } from '../core/duplex.js';
import { asError, codeOf, Libp2pError } from '../core/errors.js';
import { Flag } from '../rx/flag.js';
import { ReadableChannel } from '../rx/readable-channel.js';
import { resetSocket, ReleasedSocket, type SocketOptions } from './released-socket.js';
import { leaveReading, tellOf, type SocketEvents } from './socket-events.js';

/** Queued beyond this, there is no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 128 * 1024;
/** Given to Node at once. Smaller than what may be queued, so that a slow link is seen to move between two of them. */
const SLICE_BYTES = 64 * 1024;

/** Nothing waits. */
const NONE: Uint8Array[] = [];

/** Its own sink: every connection has one, and nothing is made that is not used. */
export class SocketDuplex extends ReadableChannel implements Duplex, Observer<Writable>, SocketEvents {
  private readonly room = new Flag(true);
  /** `NONE`, or its own. */
  private waiting = NONE;
  private waitingBytes = 0;
  private ending = false;
  private saidEnd = false;
  private gone = false;
  private stall: Subscription | undefined;
  private progressAt = 0;

  constructor(
    private readonly socket: Socket,
    private readonly options: SocketOptions,
  ) {
    super();
    tellOf(socket, this);
  }

  get sink(): this {
    return this;
  }
  get room$(): Observable<boolean> {
    return this.room.$;
  }
  get heardBytes(): number {
    return this.socket.bytesRead;
  }
  /** Completes when the platform has closed the socket. */
  get released$(): Observable<never> {
    return new Observable<never>((subscriber) => {
      const done = (): void => {
        subscriber.complete();
      };
      if (this.gone) done();
      else this.socket.once('close', done);
      return () => this.socket.off('close', done);
    });
  }

  // ── what is read ───────────────────────────────────────────────────────────────────────────────────────────────────
  override onDemand(wanted: boolean): void {
    if (wanted) this.socket.resume();
    else this.socket.pause();
  }

  /** A `ReleasedSocket`, unless bytes still wait to leave or the end is near; then only `sink.error` and `released$` are left. */
  release(unread: Bytes = NO_BYTES): ReleasedSocket | undefined {
    const { socket, side } = this;
    const isBusy = this.queuedBytes > 0 || this.ending || this.gone || side.ended || socket.destroyed;
    if (isBusy || this.options.reset !== undefined) return undefined;
    leaveReading(socket);
    const waiting = concatBytes(unread, ...side.takeQueued());
    if (waiting.byteLength > 0) socket.unshift(waiting);
    return new ReleasedSocket(socket, this.options);
  }

  // ── what the socket says ───────────────────────────────────────────────────────────────────────────────────────────
  received(bytes: Bytes): void {
    this.side.push(bytes);
  }

  receivedShared(bytes: Bytes): void {
    this.side.pushShared(bytes);
  }

  ended(): void {
    this.side.end();
  }

  broke(cause: Error): void {
    // What is on a socket may know more of it than the system does.
    if (cause instanceof Libp2pError) {
      this.side.fail(cause);
      return;
    }
    const what = `${this.name}: the connection broke: ${codeOf(cause)}`;
    this.side.fail(new Libp2pError('ERR_TRANSPORT', 'network', what, { cause }));
  }

  closed(): void {
    this.gone = true;
    this.forget();
    // An error takes longer to make than all the rest of a socket's end.
    if (!this.side.isDone)
      this.side.fail(
        new Libp2pError('ERR_TRANSPORT', 'network', `${this.name}: the connection was destroyed`),
      );
    this.room.complete();
  }

  // ── what is written ────────────────────────────────────────────────────────────────────────────────────────────────
  override watchRoom(watcher: RoomWatcher): void {
    this.room.watch(watcher);
  }

  next(bytes: Writable): void {
    this.write(piecesOf(bytes));
  }

  error(error: unknown): void {
    this.destroy(asError(error));
  }

  complete(): void {
    this.ending = true;
    this.pump();
  }

  private afterWrite(error?: Error | null): void {
    // What went wrong comes as the socket's own event.
    if (error !== undefined && error !== null) return;
    this.progressAt = this.options.scheduler.now();
    this.pump();
    if (this.queuedBytes <= LOW_WATER_BYTES) this.room.set(true);
    this.watchProgress();
  }

  private get name(): string {
    return this.options.name ?? 'tcp';
  }

  /** Ours, and what Node has not been rid of. */
  private get queuedBytes(): number {
    return this.waitingBytes + this.socket.writableLength;
  }

  override write(pieces: readonly Uint8Array[]): void {
    if (this.ending || !this.socket.writable) return;
    if (this.waiting === NONE) this.waiting = [];
    for (const piece of pieces) {
      if (piece.byteLength === 0) continue;
      this.waiting.push(piece);
      this.waitingBytes += piece.byteLength;
    }
    this.pump();
    if (this.queuedBytes > HIGH_WATER_BYTES) this.room.set(false);
    this.watchProgress();
  }

  /** Goes on as long as the system takes all at once; then `afterWrite` calls again. */
  private pump(): void {
    const { socket } = this;
    while (this.waitingBytes > 0 && socket.writableLength === 0 && socket.writable) this.writeSlice();
    if (!this.ending || this.saidEnd || this.queuedBytes > 0 || socket.destroyed) return;
    this.saidEnd = true;
    socket.end();
  }

  private writeSlice(): void {
    const pieces = this.waitingBytes <= SLICE_BYTES ? this.takeAll() : this.takeSlice();
    const last = pieces.pop();
    if (last === undefined) return;
    if (pieces.length > 0) this.socket.cork();
    for (const piece of pieces) this.socket.write(piece);
    this.socket.write(last, (error) => {
      this.afterWrite(error);
    });
    if (pieces.length > 0) this.socket.uncork();
  }

  private takeAll(): Uint8Array[] {
    const pieces = this.waiting;
    this.waiting = NONE;
    this.waitingBytes = 0;
    return pieces;
  }

  private takeSlice(): Uint8Array[] {
    let room = SLICE_BYTES;
    let whole = 0;
    for (const { byteLength } of this.waiting) {
      if (byteLength > room) break;
      room -= byteLength;
      whole += 1;
    }
    const pieces = this.waiting.splice(0, whole);
    const cut = this.waiting[0];
    if (room > 0 && cut !== undefined) {
      pieces.push(cut.subarray(0, room));
      this.waiting[0] = cut.subarray(room);
      room = 0;
    }
    this.waitingBytes -= SLICE_BYTES - room;
    return pieces;
  }

  /** One timer at most, and only while bytes wait. */
  private watchProgress(): void {
    if (this.queuedBytes === 0) this.disarm();
    if (this.queuedBytes === 0 || this.stall !== undefined || this.socket.destroyed) return;
    const { scheduler, writeStallMs } = this.options;
    if (writeStallMs === undefined) return;
    this.progressAt = scheduler.now();
    const restMs = (): number => this.progressAt + writeStallMs - scheduler.now();
    const stalled = (): void => {
      this.stalled();
    };
    this.stall = scheduler.schedule(function () {
      const rest = restMs();
      if (rest > 0) this.schedule(undefined, rest);
      else stalled();
    }, writeStallMs);
  }

  private stalled(): void {
    const what = `${String(this.queuedBytes)} bytes wait, and the remote took none for ${String(this.options.writeStallMs)} ms`;
    this.destroy(new Libp2pError('ERR_WRITE_STALLED', 'network', `${this.name}: ${what}`));
  }

  /** The remote learns of it by a reset: a plain end would look as if all had been said. */
  private destroy(error: Error): void {
    this.side.fail(error);
    this.ending = true;
    this.forget();
    this.room.complete();
    if (this.socket.destroyed) return;
    if (this.options.reset !== undefined) this.options.reset(error, this.saidEnd);
    else resetSocket(this.socket, this.saidEnd);
  }

  private forget(): void {
    this.takeAll();
    this.disarm();
  }

  private disarm(): void {
    this.stall?.unsubscribe();
    this.stall = undefined;
  }
}
