import type { Bytes, Writable } from './duplex.js';
import type { Memory } from './limits-contract.js';

/**
 * Who reads a muxed stream. Plain calls, no observable: this is the byte path (ADR 2). None of them may throw.
 */
export interface MuxedReader {
  /** Bytes in order. They count against the window until {@link MuxedStream.credit} gives them back. */
  onBytes(bytes: Bytes): void;
  /** The remote closed its side; nothing more will be read. */
  onEnd(): void;
  /** The stream is gone in both directions, by `by`, with the number that was on the wire if there was one. */
  onReset(error: Error, by: 'local' | 'remote', code: number | undefined): void;
  /** `hasRoom` changed. */
  onRoom(hasRoom: boolean): void;
  /** Both sides are closed in order; the muxer has forgotten the stream. */
  onClosed(): void;
}

/** One stream of a muxer: the fast, callback-faced form that a public `Stream` wraps. */
export interface MuxedStream {
  readonly id: number;
  reader: MuxedReader | undefined;
  /** Who pays for what it holds, beyond `FREE_BYTES_EACH_WAY`; nobody, where nothing is limited. Set it before a byte has moved. */
  memory: Memory | undefined;
  /** Bytes accepted by `write` that have not been handed to the channel below. */
  readonly queuedBytes: number;
  /** False while more than the high-water mark is queued. */
  readonly hasRoom: boolean;
  /** When bytes last moved, in ms on the scheduler's clock. */
  readonly activeAt: number;
  /** Queues bytes, never throws; ignored after `end` or a reset. */
  write(bytes: Writable): void;
  /** Half-close: what is queued goes first. */
  end(): void;
  /** Gives `byteLength` read bytes back to the remote's window: call it when the consumer is done with them. */
  credit(byteLength: number): void;
  /** No more is wanted: what comes is dropped and gets no credit. */
  discard(): void;
  /** Gone in both directions at once; the remote is told `code`. Calls the reader's `onReset` with `by` local. */
  reset(error: Error, code?: number): void;
}
