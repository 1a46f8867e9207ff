/** What a stream begins with, and what it has of its connection. */
import type { Bytes, CloseReason } from '../core/duplex.js';
import type { StreamScope } from '../core/limits-contract.js';
import type { Connection, Stream } from '../core/stream-contract.js';

export const DEFAULT_MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
export const DEFAULT_IDLE_TIMEOUT_MS = 120_000;

/** The answer to an optimistic proposal, read in front of the application's bytes. */
export interface PendingAnswer {
  /** The bytes behind the answer once it is complete, else `undefined`; throws what the refusal is. */
  push(bytes: Bytes): { readonly rest: Bytes | undefined } | undefined;
}
interface LazyStart {
  /** Leaves with the first bytes. */
  readonly proposal: Bytes;
  readonly answer: PendingAnswer;
  /** Whether our end waits for the answer: a js-libp2p responder misses one that arrives before its handler runs. */
  readonly holdsEnd: boolean;
}
/** What one stream begins with; not kept. */
export interface StreamStart {
  /** Of its connection, in order. */
  readonly number: number;
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
  readonly openedAt: number;
  readonly maxBufferedBytes?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  /** What it takes of its host's limits. */
  readonly scope: StreamScope | undefined;
  readonly lazy?: LazyStart | undefined;
}
/** What all streams of a connection have of it. */
export interface StreamKeeper<S extends Stream> extends Connection {
  /** Errors that nobody handles. */
  readonly report: (error: unknown) => void;
  streamOver(stream: S, reason: CloseReason): void;
  handlerFailed(stream: S, error: Error): void;
}
