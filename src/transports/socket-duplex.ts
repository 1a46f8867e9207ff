/** A socket, of TCP or of TLS on it, as `Duplex`. Byte path (ADR 2; measured by `bench/`): pieces are written together, nothing is copied. */
import type { Socket } from 'node:net';
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../core/duplex.js';
import { concatBytes, NO_BYTES } from '../core/bytes.js';
import { asError, codeOf, Libp2pError } from '../core/errors.js';
import { Flag } from '../rx/flag.js';
import { ReadSide } from '../rx/read-side.js';

/** Queued beyond this, there is no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 128 * 1024;
/** Given to Node at once. Smaller than what may be queued, so that a slow link is seen to move between two of them. */
const SLICE_BYTES = 64 * 1024;

export interface SocketTiming {
  readonly scheduler: SchedulerLike;
  /** A socket that takes nothing for so long while bytes wait is dead; left out where somebody else watches. */
  readonly writeStallMs?: number | undefined;
}
export interface SocketOptions extends SocketTiming {
  /** For messages. */
  readonly name?: string | undefined;
  /** Destroys what is below so that the remote notices, by a plain end if ours was said; TCP's own reset if left out. */
  readonly reset?: ((error: Error, hasEnded: boolean) => void) | undefined;
}
/** A socket that its duplex has given away. */
export class ReleasedSocket {
  constructor(
    readonly socket: Socket,
    readonly timing: SocketTiming,
  ) {}
}

export class SocketDuplex implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(bytes);
    },
    error: (error: unknown): void => {
      this.destroy(asError(error));
    },
    complete: (): void => {
      this.ending = true;
      this.pump();
    },
  };
  /** Completes when the platform has closed the socket. */
  readonly released$ = new Observable<never>((subscriber) => {
    const done = (): void => {
      subscriber.complete();
    };
    if (this.gone) done();
    else this.socket.once('close', done);
    return () => this.socket.off('close', done);
  });
  private readonly room = new Flag(true);
  private readonly side: ReadSide;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private ending = false;
  private ended = false;
  private gone = false;
  private stall: Subscription | undefined;
  private progressAt = 0;
  private readonly onData = (chunk: Buffer): void => {
    // Node's buffers lie over an ArrayBuffer, never over shared memory.
    this.side.push(new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength));
  };
  /** Node may tell of a reset that comes right behind bytes as of an end: what an end means is the next layer's to know. */
  private readonly onEnd = (): void => {
    this.side.end();
  };
  private readonly afterWrite = (error?: Error | null): void => {
    // What went wrong comes as the socket's own event.
    if (error !== undefined && error !== null) return;
    this.progressAt = this.options.scheduler.now();
    this.pump();
    if (this.queuedBytes <= LOW_WATER_BYTES) this.room.set(true);
    this.watchProgress();
  };

  constructor(
    private readonly socket: Socket,
    private readonly options: SocketOptions,
  ) {
    this.side = new ReadSide({
      onDemand: (wanted) => {
        if (wanted) socket.resume();
        else socket.pause();
      },
    });
    socket.pause();
    this.hear();
  }

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  /** A `ReleasedSocket`, unless bytes still wait to leave or the end is near; then only `sink.error` and `released$` are left. */
  release(unread: Bytes = NO_BYTES): ReleasedSocket | undefined {
    const { socket, side } = this;
    const isBusy = this.queuedBytes > 0 || this.ending || this.gone || side.ended || socket.destroyed;
    if (isBusy || this.options.reset !== undefined) return undefined;
    socket.off('data', this.onData);
    socket.off('end', this.onEnd);
    socket.pause();
    const waiting = concatBytes(unread, ...side.takeQueued());
    if (waiting.byteLength > 0) socket.unshift(waiting);
    return new ReleasedSocket(socket, this.options);
  }

  private hear(): void {
    const { socket, side } = this;
    socket.on('data', this.onData);
    socket.on('end', this.onEnd);
    socket.on('error', (cause) => {
      side.fail(
        new Libp2pError('ERR_TRANSPORT', 'network', `${this.name}: the connection broke: ${codeOf(cause)}`, {
          cause,
        }),
      );
    });
    socket.on('close', () => {
      this.gone = true;
      this.forget();
      side.fail(new Libp2pError('ERR_TRANSPORT', 'network', `${this.name}: the connection was destroyed`));
      this.room.complete();
    });
  }

  private get name(): string {
    return this.options.name ?? 'tcp';
  }

  /** Ours, and what Node has not been rid of. */
  private get queuedBytes(): number {
    return this.waitingBytes + this.socket.writableLength;
  }

  private write(bytes: Writable): void {
    if (this.ending || !this.socket.writable || bytes.byteLength === 0) return;
    if (bytes instanceof Uint8Array) this.waiting.push(bytes);
    else for (const piece of bytes) this.waiting.push(piece);
    this.waitingBytes += bytes.byteLength;
    this.pump();
    if (this.queuedBytes > HIGH_WATER_BYTES) this.room.set(false);
    this.watchProgress();
  }

  /** Goes on as long as the system takes all at once; then `afterWrite` calls again. */
  private pump(): void {
    const { socket } = this;
    while (this.waitingBytes > 0 && socket.writableLength === 0 && socket.writable) this.writeSlice();
    if (!this.ending || this.ended || this.queuedBytes > 0 || socket.destroyed) return;
    this.ended = true;
    socket.end();
  }

  private writeSlice(): void {
    const pieces = this.waitingBytes <= SLICE_BYTES ? this.takeAll() : this.takeSlice();
    const last = pieces.pop();
    if (last === undefined) return;
    if (pieces.length > 0) this.socket.cork();
    for (const piece of pieces) this.socket.write(piece);
    this.socket.write(last, this.afterWrite);
    if (pieces.length > 0) this.socket.uncork();
  }

  private takeAll(): Uint8Array[] {
    const pieces = this.waiting;
    this.waiting = [];
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
    if (this.options.reset !== undefined) this.options.reset(error, this.ended);
    else resetSocket(this.socket, this.ended);
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

/** The system knows no reset after an end: Node would say nothing, and keep the socket for ever. */
export function resetSocket(socket: Socket, hasEnded: boolean): void {
  if (hasEnded) socket.destroy();
  else socket.resetAndDestroy();
}
