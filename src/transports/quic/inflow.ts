/**
 * The reading half of a native stream: one read at a time, ahead of who reads by so much and no more, so that the remote
 * feels it. Byte path (ADR 2; measured by `bench/`): fields, plain calls.
 */
import type { Account } from '../../core/account.js';
import type { Bytes } from '../../core/duplex.js';
import { asError, type StreamResetError } from '../../core/errors.js';
import { FREE_BYTES_EACH_WAY } from '../../core/limits-contract.js';
import type { NativeStream } from './addon.js';
import { DRAIN_BYTES, LEAST_READ_BYTES, MOST_READ_BYTES, READ_AHEAD_BYTES } from './limits.js';
import { streamReset } from './reasons.js';

export interface InflowOwner {
  readonly gone: boolean;
  onRead(byteLength: number): void;
  /** Of a stream that is wanted; counts as unread until `credit`. */
  onBytes(bytes: Bytes): void;
  /** The remote ended its side, or was told to. */
  onRemoteEnd(): void;
  onRemoteReset(reset: StreamResetError): void;
  /** The connection is over, and this stream with it. */
  onCutOff(): void;
}

export class Inflow {
  remoteEnded = false;
  /** Who pays for what is read ahead; nobody, where nothing is limited. */
  account: Account | undefined;
  private native: NativeStream | undefined;
  private reading = false;
  private isCutOff = false;
  private readBytes = LEAST_READ_BYTES;
  /** Read, and not given back by who reads. */
  private unread = 0;
  /** Nobody wants what comes; so much more is taken before the remote is told. */
  private drainBytes: number | undefined;

  constructor(private readonly owner: InflowOwner) {}

  /** Whether something may still come, also when the connection is over. */
  get hasMore(): boolean {
    return this.native !== undefined && !this.remoteEnded && !this.isCutOff;
  }
  get isDraining(): boolean {
    return this.drainBytes !== undefined;
  }

  begin(native: NativeStream): void {
    this.native = native;
    this.pump();
  }

  credit(byteLength: number): void {
    this.unread -= byteLength;
    if (this.unread === 0) this.account?.keep(FREE_BYTES_EACH_WAY);
    this.pump();
  }

  drain(): void {
    this.drainBytes ??= DRAIN_BYTES;
    this.pump();
  }

  private pump(): void {
    const { native } = this;
    if (native === undefined || this.reading || this.owner.gone || !this.hasMore) return;
    if (this.drainBytes === undefined && !this.mayReadAhead) return;
    this.reading = true;
    native.read(this.readBytes).then(this.onRead, this.onFailed);
  }

  /** What nobody pays for is left with the addon. */
  private get mayReadAhead(): boolean {
    const { account, unread } = this;
    if (unread < FREE_BYTES_EACH_WAY) return true;
    if (unread >= READ_AHEAD_BYTES) return false;
    return (
      account === undefined ||
      unread < account.paidBytes ||
      account.tryPay(READ_AHEAD_BYTES - account.paidBytes)
    );
  }

  private readonly onRead = (bytes: Bytes | null): void => {
    this.reading = false;
    if (this.owner.gone) return;
    if (bytes === null) {
      this.end();
      return;
    }
    this.owner.onRead(bytes.byteLength);
    this.sizeNext(bytes.byteLength);
    if (this.drainBytes === undefined) {
      this.unread += bytes.byteLength;
      this.owner.onBytes(bytes);
    } else this.drop(bytes.byteLength, this.drainBytes);
    this.pump();
  };

  private readonly onFailed = (thrown: unknown): void => {
    this.reading = false;
    if (this.owner.gone) return;
    const reset = streamReset(asError(thrown).message);
    if (reset !== undefined) this.owner.onRemoteReset(reset);
    else {
      this.isCutOff = true;
      this.owner.onCutOff();
    }
  };

  private drop(byteLength: number, drainBytes: number): void {
    this.drainBytes = drainBytes - byteLength;
    if (this.drainBytes > 0) return;
    // It has had its chance to end by itself.
    this.native?.stopRead().catch(() => undefined);
    this.end();
  }

  /** What is asked for is held while the addon waits: little on a stream that is quiet. */
  private sizeNext(byteLength: number): void {
    if (byteLength === this.readBytes) this.readBytes = Math.min(MOST_READ_BYTES, this.readBytes * 4);
    else if (byteLength * 8 < this.readBytes) this.readBytes = Math.max(LEAST_READ_BYTES, this.readBytes / 4);
  }

  private end(): void {
    this.remoteEnded = true;
    this.owner.onRemoteEnd();
  }
}
