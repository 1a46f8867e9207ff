/** A TCP socket as `Duplex`. Byte path (ADR 2; measured by `bench/`): pieces are written together, nothing is copied. */
import type { Socket } from 'node:net';
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../core/duplex.js';
import { asError, codeOf, Libp2pError } from '../core/errors.js';
import { Flag } from '../rx/flag.js';
import { ReadSide } from '../rx/read-side.js';

/** Queued in Node beyond this, there is no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 128 * 1024;
/** A socket that takes nothing for so long while bytes wait is dead. */
const WRITE_STALL_MS = 10_000;

export class SocketDuplex implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(bytes);
    },
    error: (error: unknown): void => {
      this.side.fail(asError(error));
      this.socket.destroy();
    },
    complete: (): void => {
      if (!this.socket.destroyed) this.socket.end();
    },
  };
  private readonly room = new Flag(true);
  private readonly side: ReadSide;
  private stall: Subscription | undefined;
  private stallBytes = 0;
  private readonly afterWrite = (): void => {
    if (this.socket.writableLength <= LOW_WATER_BYTES) this.room.set(true);
    if (this.socket.writableLength === 0) this.disarm();
  };

  constructor(
    private readonly socket: Socket,
    private readonly scheduler: SchedulerLike,
  ) {
    this.side = new ReadSide({
      onDemand: (wanted) => {
        if (wanted) socket.resume();
        else socket.pause();
      },
    });
    socket.pause();
    socket.on('data', (chunk: Buffer) => {
      // Node's buffers lie over an ArrayBuffer, never over shared memory.
      this.side.push(
        new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength) satisfies Bytes,
      );
    });
    socket.on('end', () => {
      this.side.end();
    });
    socket.on('error', (cause) => {
      this.side.fail(
        new Libp2pError('ERR_TRANSPORT', 'network', `tcp: the connection broke: ${codeOf(cause)}`, { cause }),
      );
    });
    socket.on('close', () => {
      this.disarm();
      this.side.fail(new Libp2pError('ERR_TRANSPORT', 'network', 'tcp: the connection was destroyed'));
      this.room.complete();
    });
  }

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  /** Completes when the platform has closed the socket. */
  readonly released$ = new Observable<never>((subscriber) => {
    const done = (): void => {
      subscriber.complete();
    };
    if (this.socket.closed) done();
    else this.socket.once('close', done);
    return () => this.socket.off('close', done);
  });

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  private write(bytes: Writable): void {
    if (!this.socket.writable) return;
    if (bytes instanceof Uint8Array) this.socket.write(bytes, this.afterWrite);
    else {
      this.socket.cork();
      for (const piece of bytes) this.socket.write(piece);
      // The empty last piece carries the callback of all.
      this.socket.write('', this.afterWrite);
      this.socket.uncork();
    }
    if (this.socket.writableLength > HIGH_WATER_BYTES) this.room.set(false);
    this.arm();
  }

  /** One timer at most, and only while bytes wait. */
  private arm(): void {
    if (this.stall !== undefined || this.socket.writableLength < LOW_WATER_BYTES) return;
    this.stallBytes = this.socket.bytesWritten - this.socket.writableLength;
    this.stall = this.scheduler.schedule(() => {
      this.stall = undefined;
      const taken = this.socket.bytesWritten - this.socket.writableLength;
      if (taken > this.stallBytes || this.socket.writableLength === 0) this.arm();
      else
        this.sink.error(
          new Libp2pError('ERR_WRITE_STALLED', 'network', 'tcp: the remote has taken nothing for 10 s'),
        );
    }, WRITE_STALL_MS);
  }

  private disarm(): void {
    this.stall?.unsubscribe();
    this.stall = undefined;
  }
}
