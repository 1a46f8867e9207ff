/** The public face of a host and its options. What they promise is in `docs/guide`. */
/// <reference lib="esnext.disposable" preserve="true" />
import type { MonoTypeOperatorFunction, Observable, Observer, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent, HostEvent } from '../core/events.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerId, PrivateKey, RandomSource } from '../core/identity.js';
import type { ResourceLimits } from '../core/limits-contract.js';
import type { PeerStore } from '../core/peer-store-contract.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { Target } from '../core/target.js';
import type { DefaultServices } from '../services/contract.js';
import type { DialSettings } from './dial-options.js';
import type { ManagerSettings } from './manager-options.js';

export type { Target } from '../core/target.js';
export type {
  DefaultServices,
  IdentifyEvent,
  IdentifyService,
  PingOptions,
  PingService,
} from '../services/contract.js';

/** What a protocol's inbound streams may hold. */
export interface HandleOptions {
  /** Streams at once; the excess is reset with code 0x1002. */
  maxInboundStreams?: number | undefined;
  /** Send queue beyond which `next` resets the stream, bytes (4 MiB). */
  maxBufferedBytes?: number | undefined;
  /** How long no byte may move, ms (120,000). */
  idleTimeoutMs?: number | undefined;
  /** Also over a relay that limits time or bytes; `false` if left out. */
  runOnLimitedConnection?: boolean | undefined;
}
/** Takes every protocol that it matches; `name` is what is advertised. */
export interface ProtocolMatcher {
  /** What others are told. */
  readonly name: string;
  /** Whether a proposed id is taken. Asked where no handler has exactly this id. */
  matches(protocol: string): boolean;
}
/** How a host reaches others; made by `tcp()`, `memory()` … Its whole shape is {@link TransportPart}. */
export type TransportFactory = {
  /** Tells it from other parts. */
  readonly kind: 'transport';
  /** For people, and for metrics. */
  readonly name: string;
};
/** How connections are secured; made by `noise()`, `plaintext()` … Its whole shape is {@link SecurityPart}. */
export type SecurityFactory = {
  /** Tells it from other parts. */
  readonly kind: 'security';
  /** Its id on the wire. */
  readonly protocol: string;
};
/** How a connection has many streams; made by `yamux()`. Its whole shape is {@link MuxerPart}. */
export type MuxerFactory = {
  /** Tells it from other parts. */
  readonly kind: 'muxer';
  /** Its id on the wire. */
  readonly protocol: string;
};
/** Made before the first listen: the race-free place for `handle`. */
export type ServiceFactory<T = unknown> = (context: ServiceContext) => T;
/** What a service is made with. */
export interface ServiceContext {
  /** The host, before it listens. */
  readonly host: Host;
  /** The host's clock and timers. */
  readonly scheduler: SchedulerLike;
  /** The host's chance. */
  readonly random: RandomSource;
}
/** Services by name; `false` removes one of the defaults. */
export type ServiceMap = Readonly<Record<string, ServiceFactory | false>>;
/** What a host without services of its own has. */
export type NoServices = Readonly<Record<never, ServiceFactory>>;
/** What `host.services` has: what the factories made. */
export type Services<S> = { readonly [K in keyof S]: S[K] extends ServiceFactory<infer T> ? T : never };

/** One peer on the network: its identity, its listeners, its connections, its protocols. Its streams of snapshots and news never error, and complete when it stops. */
export interface Host<S = unknown> {
  /** Who this host is. */
  readonly peerId: PeerId;
  /** Where this host listens, or what `addrsFactory` makes of that; each with `/p2p/`. */
  readonly addrs: readonly Multiaddr[];
  /** The same now, and after every change. */
  readonly addrs$: Observable<readonly Multiaddr[]>;
  /** Open now. */
  readonly connections: readonly Connection[];
  /** The same now, and after every change. */
  readonly connections$: Observable<readonly Connection[]>;
  /** Connected now. */
  readonly peers: readonly PeerId[];
  /** The same now, and after every change. */
  readonly peers$: Observable<readonly PeerId[]>;
  /** Ids and matchers' names that are handled now. */
  readonly protocols: readonly string[];
  /** Everything that happens, in order; never errors; completes when the host stops. */
  readonly event$: Observable<HostEvent>;
  /** Every negotiated inbound stream, before its handler gets it. */
  readonly inbound$: Observable<Stream>;
  /** What is remembered of peers. The host's stop closes it. */
  readonly peerStore: PeerStore;
  /** What was given, and `identify` and `ping` unless replaced or removed. */
  readonly services: Services<S> & DefaultServices;
  /**
   * Emits once bound and keeps the port open until unsubscribed; errors with ERR_LISTEN_FAILED or ERR_ADDR_UNSUPPORTED.
   *
   * @example
   * ```ts
   * import { createHost } from 'rx-libp2p';
   * import { takeUntil, timer } from 'rxjs';
   *
   * const host = await createHost({ listen: [] });
   * host
   *   .listen('/ip4/127.0.0.1/tcp/0')
   *   .pipe(takeUntil(timer(1_000))) // closes the port
   *   .subscribe(({ addrs }) => console.log(addrs.map(String)));
   * ```
   */
  listen(addr: string | Multiaddr): Observable<Listener>;
  /**
   * Cold. Emits one connection and completes; errors with `DialError`. Unsubscribing before that cancels.
   *
   * @example
   * ```ts
   * import { createHost, DialError } from 'rx-libp2p';
   *
   * const host = await createHost({ listen: [] });
   * host.dial('/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5').subscribe({
   *   next: ({ remoteAddr, encryption }) => console.log(remoteAddr.toString(), encryption),
   *   error: (error: unknown) => {
   *     if (error instanceof DialError) for (const { addr, error: why } of error.errors) console.log(addr.toString(), why.message);
   *   },
   * });
   * ```
   */
  dial(target: Target, options?: DialOptions): Observable<Connection>;
  /**
   * Cold. The `dial:*` events of that dial; never errors; `dial:end` is last and says how it ended. Unsubscribing before that cancels.
   *
   * @example
   * ```ts
   * import { createHost, drawDial } from 'rx-libp2p';
   * import { toArray } from 'rxjs';
   *
   * const server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
   * const client = await createHost({ listen: [] });
   * client
   *   .dialUpdates(server.addrs)
   *   .pipe(toArray())
   *   .subscribe((events) => console.log(drawDial(events)));
   * ```
   */
  dialUpdates(target: Target, options?: DialOptions): Observable<DialEvent>;
  /** Forgets that addresses of this peer, or of all, failed lately: they may be dialed at once. */
  clearDialBackoff(peer?: PeerId | string): void;
  /**
   * Cold. Dials if needed, emits one stream and completes. Unsubscribing before that cancels.
   *
   * @example
   * ```ts
   * import { createHost, serve, withStream } from 'rx-libp2p';
   * import { take } from 'rxjs';
   *
   * const server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
   * const client = await createHost({ listen: [] });
   * server.handle('/echo/1.0.0').pipe(serve((stream) => stream.pipeTo(stream))).subscribe();
   * client
   *   .newStream(server.addrs, '/echo/1.0.0', { timeoutMs: 5_000 })
   *   .pipe(
   *     withStream((stream) => {
   *       stream.next(new TextEncoder().encode('hello'));
   *       return stream.pipe(take(1));
   *     }),
   *   )
   *   .subscribe((bytes) => console.log(new TextDecoder().decode(bytes)));
   * ```
   */
  newStream(
    target: Target,
    protocols: string | readonly string[],
    options?: NewStreamOptions,
  ): Observable<Stream>;
  /**
   * Registers while subscribed; ERR_PROTOCOL_TAKEN if somebody else did.
   *
   * @example
   * ```ts
   * import { createHost, serve } from 'rx-libp2p';
   *
   * const host = await createHost();
   * const handling = host
   *   .handle('/echo/1.0.0', { maxInboundStreams: 64 })
   *   .pipe(serve((stream) => stream.pipeTo(stream)))
   *   .subscribe();
   * handling.unsubscribe(); // the protocol is nobody's again
   * ```
   */
  handle(
    protocols: string | readonly string[] | ProtocolMatcher,
    options?: HandleOptions,
  ): Observable<Stream>;
  /**
   * Cold. While subscribed, no connection of the peer is pruned. Never emits; completes when the host stops; errors with
   * ERR_INVALID_PEER_ID. The same tag twice ends with the last of the two.
   */
  protect(peer: PeerId | string, tag: string): Observable<never>;
  /**
   * Cold. Emits the open connections to the peer at once, then each new one; protects it, and dials while there is none:
   * at once, then after waits of 1 s, 2 s, 4 s … 5 min, each shortened by up to its half by chance. Dials that fail are
   * `dial:*` events. Errors for a target that names no peer; completes when the host stops. Unsubscribing ends dial, wait
   * and protection, and closes nothing.
   *
   * @example
   * ```ts
   * import { createHost } from 'rx-libp2p';
   * import { switchMap } from 'rxjs';
   *
   * const server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
   * const client = await createHost({ listen: [] });
   * client
   *   .keepConnected(server.addrs)
   *   .pipe(switchMap(({ closed$ }) => closed$))
   *   .subscribe(({ by }) => console.log(`lost, by the ${by} side; dialing again`));
   * ```
   */
  keepConnected(target: Target): Observable<Connection>;
  /**
   * What a peer is worth to the connection manager: the sum of its tags; `undefined` takes one away. They are forgotten with
   * its last connection. Throws ERR_INVALID_PEER_ID, ERR_INVALID_OPTION, or a `LimitError` for more than 64 tags.
   */
  tag(peer: PeerId | string, name: string, value: number | undefined): void;
  /** Closes listeners, streams and connections, in this order. Twice is once. */
  stop(): Promise<void>;
  /** As `stop`: for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** All of it may be left out. */
export interface HostOptions<S> {
  /** A fresh Ed25519 key if left out. */
  privateKey?: PrivateKey | undefined;
  /** `[]` opens nothing. */
  listen?: readonly (string | Multiaddr)[] | undefined;
  /** How others are reached; those of the platform, if left out. */
  transports?: readonly TransportFactory[] | undefined;
  /** In order of preference. */
  security?: readonly SecurityFactory[] | undefined;
  /** Plaintext only: for tests. */
  insecure?: boolean | undefined;
  /** In order of preference. */
  muxers?: readonly MuxerFactory[] | undefined;
  /**
   * The key of a private network, 32 bytes or a key file's text: only hosts that have it are talked to, over TCP and
   * WebSocket. With `LIBP2P_FORCE_PNET=1` in the environment, a host without one is not made.
   */
  psk?: Uint8Array | string | undefined;
  /** They merge over `identify` and `ping`: yours may replace one, `false` removes it. */
  services?: S | undefined;
  /** What is remembered of peers: in memory, if left out. It is one host's, which closes it. */
  peerStore?: PeerStore | undefined;
  /** Strategy, limits, timeouts and back-off of dials, and where addresses come from. */
  dial?: DialSettings | undefined;
  /** Who may be connected to; all, if left out. */
  gater?: Partial<ConnectionGater> | undefined;
  /** Between which marks the number of connections is kept; `false` prunes never. */
  connectionManager?: ManagerSettings | false | undefined;
  /** What the host and its peers may take; `'auto'`, if left out: scaled to the machine. Every refusal is a `LimitError`, and a `limit:refuse` event. */
  limits?: ResourceLimits | 'auto' | undefined;
  /** What other peers are told of this program; the package's name and version if left out. At most 256 bytes. */
  userAgent?: string | undefined;
  /** What other peers are told of the protocols' family; `ipfs/0.1.0` if left out. At most 256 bytes. */
  protocolVersion?: string | undefined;
  /**
   * What is published instead of the listen addresses: it gets their list whenever it changes, and each list that it emits is
   * the host's from then on, in `addrs`, to identify and in the signed record. Nothing is published before it emits. If it
   * errors, completes, or emits what is no address of this host, that is a `warning` event, and the listen addresses are
   * published as they are. Unsubscribed when the host stops.
   */
  addrsFactory?: MonoTypeOperatorFunction<readonly Multiaddr[]> | undefined;
  /** Subscribed to `event$` before anything starts. */
  events?: Partial<Observer<HostEvent>> | undefined;
  /** A monotonic clock and its timers. */
  scheduler?: SchedulerLike | undefined;
  /** ms since 1970, for what is stored and signed; the platform's if left out. */
  wallClock?: (() => number) | undefined;
  /** The platform's CSPRNG if left out. */
  random?: RandomSource | undefined;
}
