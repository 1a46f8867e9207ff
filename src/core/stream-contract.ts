/** The public faces of streams and connections. What they promise is in `docs/guide/back-pressure.md`. */
import type { Observable, ObservableInput, Observer, OperatorFunction } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes, CloseReason, Duplex, Writable } from './duplex.js';
import type { PeerId } from './identity.js';

/** What every call over the network takes. */
export interface CallOptions {
  /** Abandons the call; it errors with name `AbortError`. */
  signal?: AbortSignal | undefined;
  /** Absolute deadline of the whole call, ms; ERR_TIMEOUT. */
  timeoutMs?: number | undefined;
}
/** How a stream is opened, and what it may hold. */
export interface NewStreamOptions extends CallOptions {
  /**
   * Select without waiting: the first bytes travel with the proposal; a refusal is ERR_UNSUPPORTED_PROTOCOL on the first
   * read. Left out: so it is for a single id that identify has told of, and else the stream is emitted when its protocol is
   * agreed on. False: only then, whatever is known.
   */
  lazy?: boolean | undefined;
  /** Use an open connection or fail with ERR_NO_CONNECTION. */
  noDial?: boolean | undefined;
  /** Also over a relay that limits time or bytes; `false` if left out. */
  runOnLimitedConnection?: boolean | undefined;
  /** Send queue beyond which `next` resets the stream, bytes (4 MiB). */
  maxBufferedBytes?: number | undefined;
  /** How long no byte may move, ms (120,000). */
  idleTimeoutMs?: number | undefined;
}

/** One protocol's stream: a `Duplex` in a Subject's clothes, one reader at a time. */
export interface Stream extends Duplex, Observable<Bytes>, Observer<Writable> {
  /** Unique on this host. */
  readonly id: string;
  /** What was agreed on, or, while a lazy selection is under way, proposed. */
  readonly protocol: string;
  /** Who opened it. */
  readonly direction: 'inbound' | 'outbound';
  /** Whose it is. */
  readonly connection: Connection;
  /** Ms on the host's scheduler. */
  readonly openedAt: number;
  /** What readers were given. */
  readonly bytesRead: number;
  /** What was taken to be sent. */
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
  /**
   * Cold. Writes every item, pulling iterables only while there is room; completes when all is queued; does not half-close.
   *
   * @example
   * ```ts
   * import { createReadStream } from 'node:fs';
   * import { createHost, serve } from 'rx-libp2p';
   *
   * const host = await createHost();
   * // The file is read as fast as the remote reads, and no faster.
   * host
   *   .handle('/readme/1.0.0')
   *   .pipe(serve((stream) => stream.writeFrom(createReadStream('README.md') as AsyncIterable<Uint8Array>)))
   *   .subscribe();
   * ```
   */
  writeFrom(source: ObservableInput<Writable>): Observable<never>;
  /**
   * Cold. Copies with back-pressure while subscribed; half-closes `destination` at the end; a failure of either side resets the other; unsubscribing pauses.
   *
   * @example
   * ```ts
   * import { createHost, serve } from 'rx-libp2p';
   *
   * const host = await createHost();
   * host.handle('/echo/1.0.0').pipe(serve((stream) => stream.pipeTo(stream))).subscribe();
   * ```
   */
  pipeTo(destination: Pick<Duplex, 'sink' | 'room$'>): Observable<never>;
  /**
   * One chunk (or frame) at a time: window is granted when what `project` returned has completed.
   *
   * @example
   * ```ts
   * import { appendFile } from 'node:fs/promises';
   * import { createHost, serve } from 'rx-libp2p';
   *
   * const host = await createHost();
   * // Whoever sends faster than the disk writes has to wait.
   * host
   *   .handle('/upload/1.0.0')
   *   .pipe(serve((stream) => stream.consume((chunk) => appendFile('upload', chunk))))
   *   .subscribe();
   * ```
   */
  consume<R>(project: (chunk: Bytes) => ObservableInput<R>): Observable<R>;
  /** The same for every message of an operator such as `lengthPrefixed`. */
  consume<F, R>(frames: OperatorFunction<Bytes, F>, project: (frame: F) => ObservableInput<R>): Observable<R>;
  /** Pulls; `break` pauses. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Bytes>;
  /** As web streams; both pull. Cancelling or aborting resets. */
  toWeb(): {
    /** Nothing is read ahead; cancelling resets. */
    readable: ReadableStream<Bytes>;
    /** Its promises wait for room; closing half-closes, aborting resets. */
    writable: WritableStream<Uint8Array>;
  };
}

/** A secured and muxed connection to one peer. */
export interface Connection {
  /** Unique on this host. */
  readonly id: string;
  /** Who opened it. */
  readonly direction: 'inbound' | 'outbound';
  /** Proven. */
  readonly remotePeer: PeerId;
  /** Our end. */
  readonly localAddr: Multiaddr;
  /** The other end. */
  readonly remoteAddr: Multiaddr;
  /** The security protocol's id. */
  readonly encryption: string;
  /** The muxer's id. */
  readonly muxer: string;
  /** Whether it goes through a relay that limits time or bytes. */
  readonly limited: boolean;
  /** Ms on the host's scheduler. */
  readonly openedAt: number;
  /** Smoothed round-trip time, ms, once measured. */
  readonly rttMs: number | undefined;
  /** Open now. */
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
  /** As it was asked for. */
  readonly requested: Multiaddr;
  /** Where it is bound now. */
  readonly addrs: readonly Multiaddr[];
  /** The same, and again whenever it changes; completes when the port is closed. */
  readonly addrs$: Observable<readonly Multiaddr[]>;
}
