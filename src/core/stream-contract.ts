/** The public faces of streams and connections. What they promise is in `docs/guide/back-pressure.md`. */
import type { Observable, ObservableInput, Observer, OperatorFunction } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes, CloseReason, Duplex, Writable } from './duplex.js';
import type { PeerId } from './identity.js';

export interface CallOptions {
  /** Abandons the call; it errors with name `AbortError`. */
  signal?: AbortSignal | undefined;
  /** Absolute deadline of the whole call, ms; ERR_TIMEOUT. */
  timeoutMs?: number | undefined;
}
export interface NewStreamOptions extends CallOptions {
  /**
   * Select without waiting: the first bytes travel with the proposal; a refusal is ERR_UNSUPPORTED_PROTOCOL on the first
   * read. Left out: so it is for a single id that identify has told of, and else the stream is emitted when its protocol is
   * agreed on. False: only then, whatever is known.
   */
  lazy?: boolean | undefined;
  /** Use an open connection or fail with ERR_NO_CONNECTION. */
  noDial?: boolean | undefined;
  runOnLimitedConnection?: boolean | undefined;
  /** Send queue beyond which `next` resets the stream, bytes (4 MiB). */
  maxBufferedBytes?: number | undefined;
  /** How long no byte may move, ms (120,000). */
  idleTimeoutMs?: number | undefined;
}

/** One protocol's stream: a `Duplex` in a Subject's clothes, one reader at a time. */
export interface Stream extends Duplex, Observable<Bytes>, Observer<Writable> {
  readonly id: string;
  readonly protocol: string;
  readonly direction: 'inbound' | 'outbound';
  readonly connection: Connection;
  readonly openedAt: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** False while the send queue is over its high-water mark. */
  readonly hasRoom: boolean;
  /** The reason, once; replays; completes. */
  readonly closed$: Observable<CloseReason>;
  /** Queues bytes; never throws. After `complete` or a reset it is ignored; with `maxBufferedBytes` queued it resets with `StreamBufferError`. */
  next(bytes: Writable): void;
  /** Half-close: the remote's reader completes when it has had all. */
  complete(): void;
  /** Reset in both directions; the remote is told `code` where the muxer can. */
  error(reason: unknown, code?: number): void;
  /** `complete`, and discard what still comes. */
  close(): void;
  /** Cold. Writes every item, pulling iterables only while there is room; completes when all is queued; does not half-close. */
  writeFrom(source: ObservableInput<Writable>): Observable<never>;
  /** Cold. Copies with back-pressure while subscribed; half-closes `destination` at the end; a failure of either side resets the other; unsubscribing pauses. */
  pipeTo(destination: Pick<Duplex, 'sink' | 'room$'>): Observable<never>;
  /** One chunk (or frame) at a time: window is granted when what `project` returned has completed. */
  consume<R>(project: (chunk: Bytes) => ObservableInput<R>): Observable<R>;
  consume<F, R>(frames: OperatorFunction<Bytes, F>, project: (frame: F) => ObservableInput<R>): Observable<R>;
  /** Pulls; `break` pauses. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes>;
  /** As web streams; both pull. Cancelling or aborting resets. */
  toWeb(): { readable: ReadableStream<Bytes>; writable: WritableStream<Uint8Array> };
}

export interface Connection {
  readonly id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly remotePeer: PeerId;
  readonly localAddr: Multiaddr;
  readonly remoteAddr: Multiaddr;
  /** The security protocol's id. */
  readonly encryption: string;
  readonly muxer: string;
  readonly limited: boolean;
  /** Ms on the host's scheduler. */
  readonly openedAt: number;
  /** Smoothed round-trip time, ms, once measured. */
  readonly rttMs: number | undefined;
  readonly streams: readonly Stream[];
  /** The reason, once; replays; completes. */
  readonly closed$: Observable<CloseReason>;
  /** Cold: one stream per subscription; emits once and completes. Unsubscribing before that resets it. */
  newStream(protocols: string | readonly string[], options?: NewStreamOptions): Observable<Stream>;
  /** Streams get one second to end in order, then the connection is closed. */
  close(options?: CallOptions): Promise<void>;
  /** Ends at once: streams are reset with `reason`. */
  abort(reason: Error): void;
}

/** One address that was asked for, and where it is bound. */
export interface Listener {
  readonly requested: Multiaddr;
  readonly addrs: readonly Multiaddr[];
  readonly addrs$: Observable<readonly Multiaddr[]>;
}
