/**
 * One native stream: what it still has to send, what it reads ahead, and its end. One read and one write are under way at
 * most: the addon serves two of either in any order. Byte path (ADR 2; measured by `bench/`): fields, plain calls; a
 * promise a chunk, because that is how the addon speaks. @source ADR 8
 */
import { Account } from '../../core/account.js';
import type { Bytes, Writable } from '../../core/duplex.js';
import { asError, Libp2pError, type StreamResetError } from '../../core/errors.js';
import { FREE_BYTES_EACH_WAY, type Memory } from '../../core/limits-contract.js';
import type { MuxedReader, MuxedStream } from '../../core/muxed-stream.js';
import type { NativeStream } from './addon.js';
import { Inflow, type InflowOwner } from './inflow.js';
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from './limits.js';
import { streamReset } from './reasons.js';
import { SendQueue } from './send-queue.js';

/** What a stream needs of its session. */
export interface StreamOwner {
  now(): number;
  /** Bytes have moved. */
  read(byteLength: number): void;
  wrote(byteLength: number): void;
  /** Calls `expire` when the remote has had its time to end what nobody wants; returns what prevents it. */
  drain(expire: () => void): () => void;
  /** The same, where the remote is about to end its side. */
  soon(expire: () => void): () => void;
  /** The remote reset a stream. */
  resetByRemote(stream: QuicStream): void;
  /** The remote is to be told of a reset; the promise settles once it could be. */
  telling(told: Promise<unknown>): void;
  /** The connection took this stream with it; its reason is not known here. */
  cutOff(stream: QuicStream): void;
  /** The stream is over in both directions. */
  forget(stream: QuicStream): void;
}

export class QuicStream implements MuxedStream, InflowOwner {
  reader: MuxedReader | undefined;
  hasRoom = true;
  activeAt: number;
  gone = false;
  private readonly queue = new SendQueue();
  private readonly inflow = new Inflow(this);
  private queueAccount: Account | undefined;
  private native: NativeStream | undefined;
  private ending: 'open' | 'wanted' | 'under-way' | 'sent' = 'open';
  private writing = false;
  private stopWaiting: (() => void) | undefined;
  /** Set once the remote wants no more of what we send. */
  private stopped: StreamResetError | undefined;

  constructor(
    readonly id: number,
    readonly ours: boolean,
    private readonly owner: StreamOwner,
  ) {
    this.activeAt = owner.now();
  }

  /** Whether something may still come, also when the connection is over. */
  get hasMore(): boolean {
    return this.inflow.hasMore;
  }
  get queuedBytes(): number {
    return this.queue.byteLength;
  }
  get memory(): Memory | undefined {
    return this.queueAccount?.memory;
  }
  set memory(memory: Memory | undefined) {
    this.queueAccount = memory && new Account(memory);
    this.inflow.account = memory && new Account(memory);
  }

  // ── the application's side ─────────────────────────────────────────────────────────────────────────────────────────
  write(bytes: Writable): void {
    if (this.gone || this.ending !== 'open' || bytes.byteLength === 0) return;
    if (this.stopped !== undefined) {
      // Who writes on hears that it is in vain, once what the remote had to say has come.
      if (this.inflow.remoteEnded) this.onRemoteReset(this.stopped);
      return;
    }
    this.queue.push(bytes);
    const account = this.queueAccount;
    if (account !== undefined && this.queue.byteLength > account.paidBytes && !this.pay(account)) return;
    if (this.queue.byteLength > HIGH_WATER_BYTES) this.setRoom(false);
    this.pumpOut();
  }

  end(): void {
    if (this.gone || this.ending !== 'open') return;
    this.ending = this.stopped === undefined ? 'wanted' : 'sent';
    this.pumpOut();
    this.finishIfBothEnded();
  }

  credit(byteLength: number): void {
    this.inflow.credit(byteLength);
  }

  discard(): void {
    if (this.gone || this.inflow.isDraining || this.inflow.remoteEnded) return;
    this.stopWaiting?.();
    this.stopWaiting = this.owner.drain(() => {
      this.reset(new Libp2pError('ERR_CONNECTION_CLOSED', 'local', 'the remote did not end the stream'));
    });
    this.inflow.drain();
  }

  /** Ends our side, and wants no more of the other. */
  close(): void {
    this.end();
    this.discard();
  }

  /** The addon's resets carry no code of ours: 0 is what goes over the wire. */
  reset(error: Error): void {
    if (this.gone) return;
    this.tellReset();
    this.break(error, 'local', 0);
  }

  // ── the session's side ─────────────────────────────────────────────────────────────────────────────────────────────
  /** The remote has given the stream that this one asked for, or opened it itself. */
  begin(native: NativeStream): void {
    this.native = native;
    this.pumpOut();
    this.inflow.begin(native);
  }

  /** The connection is over: whatever is unfinished ends with `error`. */
  fail(error: Error, by: 'local' | 'remote'): void {
    this.break(error, by, undefined);
  }

  // ── what leaves ────────────────────────────────────────────────────────────────────────────────────────────────────
  private pumpOut(): void {
    const { native } = this;
    if (native === undefined || this.writing || this.gone) return;
    const chunk = this.queue.next();
    if (chunk === undefined) {
      if (this.ending === 'wanted') this.finish(native);
      return;
    }
    this.writing = true;
    native.write(chunk).then(this.onWritten, this.onWriteFailed);
  }

  private readonly onWritten = (): void => {
    this.writing = false;
    if (this.gone) return;
    this.activeAt = this.owner.now();
    this.owner.wrote(this.queue.taken());
    if (this.queue.byteLength <= LOW_WATER_BYTES) {
      this.queueAccount?.keep(Math.max(FREE_BYTES_EACH_WAY, this.queue.byteLength));
      this.setRoom(true);
    }
    this.pumpOut();
  };

  private readonly onWriteFailed = (thrown: unknown): void => {
    if (this.gone) return;
    const stopped = streamReset(asError(thrown).message);
    // Without its connection nothing more is written; there may still be something to read.
    if (stopped !== undefined) this.stopWriting(stopped);
  };

  /** The remote has closed its reading side: it may still have something to say, and be it a reset. */
  private stopWriting(stopped: StreamResetError): void {
    this.stopped = stopped;
    this.writing = false;
    this.queue.clear();
    this.queueAccount?.keep(FREE_BYTES_EACH_WAY);
    if (this.ending !== 'open') this.ending = 'sent';
    if (!this.inflow.remoteEnded) {
      this.stopWaiting?.();
      this.stopWaiting = this.owner.soon(() => {
        this.onRemoteReset(stopped);
      });
    }
    this.setRoom(true);
    this.finishIfBothEnded();
  }

  private finish(native: NativeStream): void {
    this.ending = 'under-way';
    native.finishWrite().then(this.onFinished, this.onWriteFailed);
  }

  private readonly onFinished = (): void => {
    this.ending = 'sent';
    this.owner.wrote(0);
    this.finishIfBothEnded();
  };

  private pay(account: Account): boolean {
    try {
      account.payForQueue(this.queue.byteLength);
      return true;
    } catch (error) {
      this.reset(asError(error));
      return false;
    }
  }

  private setRoom(hasRoom: boolean): void {
    if (hasRoom === this.hasRoom) return;
    this.hasRoom = hasRoom;
    this.reader?.onRoom(hasRoom);
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────
  onRead(byteLength: number): void {
    this.activeAt = this.owner.now();
    this.owner.read(byteLength);
  }

  onBytes(bytes: Bytes): void {
    this.reader?.onBytes(bytes);
  }

  onRemoteEnd(): void {
    this.stopWaiting?.();
    this.reader?.onEnd();
    this.finishIfBothEnded();
  }

  onRemoteReset(reset: StreamResetError): void {
    this.owner.resetByRemote(this);
    this.tellReset();
    this.break(reset, 'remote', reset.resetCode);
  }

  onCutOff(): void {
    this.owner.cutOff(this);
  }

  // ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────
  private tellReset(): void {
    const { native } = this;
    if (native === undefined) return;
    native.stopRead().catch(ignore);
    const told = native.resetWrite().catch(ignore);
    if (this.writing) this.owner.telling(told);
  }

  private break(error: Error, by: 'local' | 'remote', code: number | undefined): void {
    if (this.gone) return;
    this.gone = true;
    this.queue.clear();
    this.stopWaiting?.();
    this.owner.forget(this);
    this.reader?.onReset(error, by, code);
  }

  private finishIfBothEnded(): void {
    if (this.ending !== 'sent' || !this.inflow.remoteEnded || this.gone) return;
    this.gone = true;
    this.owner.forget(this);
    this.reader?.onClosed();
  }
}

/** A stream that has ended meanwhile has no use for what it is told. */
function ignore(): void {
  // Nothing to do.
}
