/**
 * One yamux stream: its windows, what it still has to send, and its end. It writes nothing by itself: it asks its
 * session for a turn and then fills a batch. Byte path (ADR 2; measured by `bench/`): fields, plain calls, no copy.
 * @source yamux specification, Stream life; wire format in `frame.ts`
 */
import { Account, RESOURCE_LIMIT } from '../../core/account.js';
import type { Bytes, Writable } from '../../core/duplex.js';
import { asError, StreamResetError } from '../../core/errors.js';
import { FREE_BYTES_EACH_WAY, type Memory } from '../../core/limits-contract.js';
import type { MuxedReader, MuxedStream } from '../../core/muxed-stream.js';
import type { Batch } from './batch.js';
import { FLAG, INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES, TYPE } from './frame.js';
import type { ReceiveWindow } from './receive-window.js';

/** Above this many queued bytes a stream says that it has no room … */
const HIGH_WATER_BYTES = 256 * 1024;
/** … and below this, that it has again: a gap, so that it does not flutter. */
const LOW_WATER_BYTES = 128 * 1024;

/** What a stream needs of its session. */
export interface StreamOwner {
  readonly now: number;
  /** Gives the stream a turn to send. */
  schedule(stream: YamuxStream): void;
  /** A frame that jumps the queue. */
  control(type: number, flags: number, streamId: number, length: number): void;
  /** Credit for the remote, by the session's round-trip time and memory budget. */
  consumed(window: ReceiveWindow, byteLength: number): number;
  /** The stream is over in both directions. */
  forget(stream: YamuxStream): void;
}

export class YamuxStream implements MuxedStream {
  reader: MuxedReader | undefined;
  queuedBytes = 0;
  hasRoom = true;
  activeAt: number;
  /** Whether it waits for a turn; kept by the session. */
  scheduled = false;
  /** Whether the remote has answered our SYN. */
  acknowledged: boolean;
  /** When the application wanted no more of it, so that a remote that never ends is told in the end. */
  discardedAt: number | undefined;
  remoteEnded = false;
  /** Whether the remote knows of it: it opened the stream, or our SYN has left. */
  announcedToRemote: boolean;
  private queueAccount: Account | undefined;
  private flags: number;
  private out: Uint8Array[] = [];
  private outHead = 0;
  private sendWindow = INITIAL_WINDOW_BYTES;
  private ending: 'open' | 'wanted' | 'sent' = 'open';
  private gone = false;

  constructor(
    readonly id: number,
    readonly ours: boolean,
    readonly window: ReceiveWindow,
    private readonly owner: StreamOwner,
  ) {
    this.flags = ours ? FLAG.syn : FLAG.ack;
    this.acknowledged = !ours;
    this.announcedToRemote = !ours;
    this.activeAt = owner.now;
  }

  get memory(): Memory | undefined {
    return this.queueAccount?.memory;
  }
  set memory(memory: Memory | undefined) {
    this.queueAccount = memory && new Account(memory);
    this.window.memory = memory;
  }

  // ── the application's side ─────────────────────────────────────────────────────────────────────────────────────────
  write(bytes: Writable): void {
    if (this.gone || this.ending !== 'open' || bytes.byteLength === 0) return;
    if (bytes instanceof Uint8Array) this.out.push(bytes);
    else for (const piece of bytes) this.out.push(piece);
    this.queuedBytes += bytes.byteLength;
    const account = this.queueAccount;
    if (account !== undefined && this.queuedBytes > account.paidBytes && !this.payForQueue(account)) return;
    if (this.queuedBytes > HIGH_WATER_BYTES) this.setRoom(false);
    this.owner.schedule(this);
  }

  end(): void {
    if (this.gone || this.ending !== 'open') return;
    this.ending = 'wanted';
    this.owner.schedule(this);
  }

  /** Asks for a turn although nothing was written: the SYN alone tells the remote of the stream. */
  announce(): void {
    if (this.flags !== 0 && !this.gone) this.owner.schedule(this);
  }

  credit(byteLength: number): void {
    if (this.gone || this.discardedAt !== undefined) return;
    const credit = this.owner.consumed(this.window, byteLength);
    if (credit === 0 || this.remoteEnded) return;
    this.owner.control(TYPE.windowUpdate, this.takeFlags(), this.id, credit);
  }

  discard(): void {
    this.discardedAt ??= this.owner.now;
  }

  /** Ends our side, and wants no more of the other. */
  close(): void {
    this.end();
    this.discard();
  }

  reset(error: Error, code = 0): void {
    if (this.gone) return;
    // A stream that the remote has never heard of needs no goodbye.
    if ((this.flags & FLAG.syn) === 0) this.owner.control(TYPE.windowUpdate, FLAG.rst, this.id, code);
    this.break(error, 'local', code);
  }

  // ── the session's side ─────────────────────────────────────────────────────────────────────────────────────────────
  /** Whether a turn would send something. */
  get wantsTurn(): boolean {
    if (this.gone) return false;
    if (this.flags !== 0) return true;
    return this.queuedBytes > 0 ? this.sendWindow > 0 : this.ending === 'wanted';
  }

  /** Fills the batch with at most one data frame of `maxBody` bytes; a FIN has a frame of its own, after the last. */
  fill(batch: Batch, maxBody: number): void {
    // It may have ended since it asked for its turn.
    if (this.gone) return;
    const byteLength = Math.min(this.queuedBytes, this.sendWindow, maxBody);
    if (byteLength > 0) {
      batch.header(TYPE.data, this.takeFlags(), this.id, byteLength);
      this.move(batch, byteLength);
      this.activeAt = this.owner.now;
    } else if (this.flags !== 0) batch.header(TYPE.windowUpdate, this.takeFlags(), this.id, 0);
    if (this.ending === 'wanted' && this.queuedBytes === 0) {
      batch.header(TYPE.windowUpdate, FLAG.fin, this.id, 0);
      this.ending = 'sent';
      this.finishIfBothEnded();
    }
    if (!this.hasRoom && this.queuedBytes < LOW_WATER_BYTES) this.setRoom(true);
  }

  receive(bytes: Bytes): void {
    this.activeAt = this.owner.now;
    if (this.gone || this.discardedAt !== undefined) return;
    this.reader?.onBytes(bytes);
  }

  /** More is unread than is paid for: it is paid for now, or the stream ends. */
  payForWindow(): void {
    try {
      this.window.pay();
    } catch (error) {
      this.reset(asError(error), RESOURCE_LIMIT);
    }
  }

  /** It has been quiet: what it holds no more is given back. */
  rest(): void {
    this.window.rest();
    if (this.queuedBytes <= FREE_BYTES_EACH_WAY) this.queueAccount?.keep(FREE_BYTES_EACH_WAY);
  }

  receiveEnd(): void {
    if (this.gone || this.remoteEnded) return;
    this.remoteEnded = true;
    this.reader?.onEnd();
    this.finishIfBothEnded();
  }

  /** More may be sent; `false` if the sum does not fit the wire. */
  receiveCredit(byteLength: number): boolean {
    if (this.sendWindow + byteLength > MAX_WINDOW_BYTES) return false;
    this.sendWindow += byteLength;
    // A writer whose queue waited for the window has to be woken, whoever filled the queue.
    if (byteLength > 0 && this.queuedBytes > 0) this.owner.schedule(this);
    return true;
  }

  receiveReset(code: number): void {
    this.remoteEnded = true;
    const hex = `0x${code.toString(16)}`;
    this.break(
      new StreamResetError(`the remote reset the stream with code ${hex}`, code, 'remote'),
      'remote',
      code,
    );
  }

  /** The connection is over: whatever is unfinished ends with `error`. */
  fail(error: Error, by: 'local' | 'remote'): void {
    this.break(error, by, undefined);
  }

  private payForQueue(account: Account): boolean {
    try {
      account.payForQueue(this.queuedBytes);
      return true;
    } catch (error) {
      this.reset(asError(error), RESOURCE_LIMIT);
      return false;
    }
  }

  private break(error: Error, by: 'local' | 'remote', code: number | undefined): void {
    if (this.gone) return;
    this.gone = true;
    this.out = [];
    this.queuedBytes = 0;
    this.owner.forget(this);
    this.reader?.onReset(error, by, code);
  }

  private finishIfBothEnded(): void {
    if (this.ending !== 'sent' || !this.remoteEnded || this.gone) return;
    this.gone = true;
    this.owner.forget(this);
    this.reader?.onClosed();
  }

  private takeFlags(): number {
    const flags = this.flags;
    if ((flags & FLAG.syn) !== 0) this.announcedToRemote = true;
    this.flags = 0;
    return flags;
  }

  private move(batch: Batch, byteLength: number): void {
    let missing = byteLength;
    while (missing > 0) {
      const piece = this.out[this.outHead];
      if (piece === undefined) break;
      if (piece.byteLength > missing) {
        batch.body(piece.subarray(0, missing));
        this.out[this.outHead] = piece.subarray(missing);
        missing = 0;
      } else {
        batch.body(piece);
        missing -= piece.byteLength;
        this.outHead += 1;
      }
    }
    if (this.outHead === this.out.length) {
      this.out.length = 0;
      this.outHead = 0;
    } else if (this.outHead > 256) {
      this.out = this.out.slice(this.outHead);
      this.outHead = 0;
    }
    this.queuedBytes -= byteLength;
    this.sendWindow -= byteLength;
  }

  private setRoom(hasRoom: boolean): void {
    if (hasRoom === this.hasRoom) return;
    this.hasRoom = hasRoom;
    this.reader?.onRoom(hasRoom);
  }
}
