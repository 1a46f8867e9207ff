/** A WebSocket of the platform as `Duplex`, for browsers: it cannot be paused, nor does it say when it has room again. */
import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { Libp2pError, LimitError } from '../../core/errors.js';
import { Flag } from '../../rx/flag.js';
import { ReadSide } from '../../rx/read-side.js';
import { webSocketError } from './limits.js';

/** What is used of the platform's class. @source WHATWG WebSockets, 3 */
export interface PlatformSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: (() => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(data: Bytes): void;
  close(code?: number): void;
}
export interface PlatformTiming {
  readonly scheduler: SchedulerLike;
  readonly writeStallMs: number;
}

/** Not sent beyond this, there is no room … @source reliability checklist, W16 */
const HIGH_WATER_BYTES = 1024 * 1024;
/** … until no more than this is left. */
const LOW_WATER_BYTES = 512 * 1024;
/** Come and not read, or written and not sent: the platform holds it, and would hold all there is. @source reliability checklist, W16 */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
/** How often is looked whether there is room again. */
const LOOK_EVERY_MS = 10;
const ORDERLY = 1000;
/** An application's own, so that the other end is told of no orderly end. @source RFC 6455, 7.4.2 */
const RESET = 4000;
/** @source go-libp2p websocket: 1000 and 1005 are an end, all others are not */
const ENDS = [ORDERLY, 1005];

export class PlatformDuplex implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(bytes);
    },
    complete: (): void => {
      if (this.closing) return;
      this.closing = true;
      // What was written before goes first.
      this.socket.close(ORDERLY);
    },
    error: (error: unknown): void => {
      this.destroy(error instanceof Error ? error : webSocketError('local', 'given up', error));
    },
  };
  heardBytes = 0;
  private readonly side = new ReadSide({});
  private readonly room = new Flag(true);
  private looking: Subscription | undefined;
  private closing = false;
  private least = 0;
  private movedAt = 0;

  /** `socket` is open. */
  constructor(
    private readonly socket: PlatformSocket,
    private readonly timing: PlatformTiming,
  ) {
    socket.onmessage = ({ data }) => {
      this.hear(data);
    };
    socket.onerror = null;
    socket.onclose = ({ code }) => {
      this.closed(code);
    };
  }

  get room$(): Observable<boolean> {
    return this.room.$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  private hear(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.destroy(webSocketError('remote', 'a text message, where all is binary'));
      return;
    }
    this.heardBytes += data.byteLength;
    this.side.push(new Uint8Array(data));
    if (this.side.queuedBytes > MAX_HELD_BYTES)
      this.destroy(new LimitError('connection', 'bytes that came and are not read', MAX_HELD_BYTES));
  }

  private write(bytes: Writable): void {
    if (this.closing || bytes.byteLength === 0) return;
    // All bytes of this package lie over plain buffers.
    this.socket.send(bytes.subarray() as Bytes);
    const held = this.socket.bufferedAmount;
    if (held > MAX_HELD_BYTES + bytes.byteLength)
      this.destroy(new LimitError('connection', 'bytes that wait to be sent', MAX_HELD_BYTES, 'local'));
    else if (held > HIGH_WATER_BYTES) this.full(held);
  }

  private full(held: number): void {
    this.room.set(false);
    if (this.looking !== undefined) return;
    this.least = held;
    this.movedAt = this.timing.scheduler.now();
    this.lookAgain();
  }

  private lookAgain(): void {
    this.looking = this.timing.scheduler.schedule(() => {
      this.look();
    }, LOOK_EVERY_MS);
  }

  private look(): void {
    const { scheduler, writeStallMs } = this.timing;
    const held = this.socket.bufferedAmount;
    this.forget();
    if (held <= LOW_WATER_BYTES) {
      this.room.set(true);
      return;
    }
    if (held < this.least) this.movedAt = scheduler.now();
    this.least = Math.min(held, this.least);
    if (scheduler.now() - this.movedAt < writeStallMs) {
      this.lookAgain();
      return;
    }
    const what = `${String(held)} bytes wait, and the remote took none for ${String(writeStallMs)} ms`;
    this.destroy(new Libp2pError('ERR_WRITE_STALLED', 'network', `websocket: ${what}`));
  }

  private closed(code: number): void {
    this.closing = true;
    this.forget();
    if (ENDS.includes(code)) this.side.end();
    // A browser says no more than the number, lest a page learn what is in its network.
    else this.side.fail(webSocketError('network', `closed with code ${String(code)}`));
    this.room.complete();
  }

  private destroy(error: Error): void {
    this.side.fail(error);
    this.forget();
    this.room.complete();
    if (this.closing) return;
    this.closing = true;
    this.socket.close(RESET);
  }

  private forget(): void {
    this.looking?.unsubscribe();
    this.looking = undefined;
  }
}
