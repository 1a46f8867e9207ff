/** What a public stream is made of, and who makes it. */
import type { Bytes, CloseReason } from '../core/duplex.js';
import type { StreamScope } from '../core/limits-contract.js';
import type { Connection, Stream } from '../core/stream-contract.js';

/** An optimistic proposal, and the answer to it, read in front of the application's bytes. */
export interface PendingProposal {
  /** Leaves with the first bytes. */
  readonly bytes: Bytes;
  /** Whether our end waits for the answer: a js-libp2p responder misses one that arrives before its handler runs. */
  readonly holdsEnd: boolean;
  /** The bytes behind the answer once it is complete, else `undefined`; throws what the refusal is. */
  push(bytes: Bytes): { readonly rest: Bytes | undefined } | undefined;
  /** It was answered, or the stream is over. */
  settled(): void;
}
/** A stream, as its connection counts it. */
interface CountedStream extends Stream {
  readonly scope: StreamScope | undefined;
}
/** Who makes streams: one for all those of a connection. */
export interface StreamHome extends Connection {
  /** Errors that nobody handles. */
  readonly report: (error: unknown) => void;
  handlerFailed(stream: CountedStream, error: Error): void;
  streamEnded(stream: CountedStream, reason: CloseReason): void;
}
/** What one stream is made of, and does not keep as a whole: there may be a hundred thousand. */
export interface StreamFacts {
  /** Of its connection's streams. */
  readonly number: number;
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
  readonly connection: StreamHome;
  /** What it takes of the host's limits, until it has ended. */
  readonly scope: StreamScope | undefined;
  readonly openedAt: number;
  readonly maxBufferedBytes: number;
  readonly idleTimeoutMs: number;
  readonly lazy?: PendingProposal | undefined;
}
