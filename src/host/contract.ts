/** The public face of a host and its options. What they promise is in `docs/guide`. */
import type { Observable, Observer, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions } from '../core/dial-contract.js';
import type { DialEvent, HostEvent } from '../core/events.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerId, PrivateKey, RandomSource } from '../core/identity.js';
import type { Connection, Listener, NewStreamOptions, Stream } from '../core/stream-contract.js';
import type { DialSettings } from './dial-options.js';

/** A peer (to which there is a connection), or addresses of one peer, each with `/p2p/`. */
export type Target = PeerId | Multiaddr | string | readonly (Multiaddr | string)[];
export interface HandleOptions {
  /** Streams at once; the excess is reset with code 0x1002. */
  maxInboundStreams?: number | undefined;
  maxBufferedBytes?: number | undefined;
  idleTimeoutMs?: number | undefined;
  runOnLimitedConnection?: boolean | undefined;
}
/** Takes every protocol that it matches; `name` is what is advertised. */
export interface ProtocolMatcher {
  readonly name: string;
  matches(protocol: string): boolean;
}
export type TransportFactory = { readonly kind: 'transport'; readonly name: string };
export type SecurityFactory = { readonly kind: 'security'; readonly protocol: string };
export type MuxerFactory = { readonly kind: 'muxer'; readonly protocol: string };
/** Made before the first listen: the race-free place for `handle`. */
export type ServiceFactory<T = unknown> = (context: ServiceContext) => T;
export interface ServiceContext {
  readonly host: Host;
  readonly scheduler: SchedulerLike;
  readonly random: RandomSource;
}
export type ServiceMap = Readonly<Record<string, ServiceFactory | false>>;
/** What a host without services of its own has. */
export type NoServices = Readonly<Record<never, ServiceFactory>>;
export type Services<S> = { readonly [K in keyof S]: S[K] extends ServiceFactory<infer T> ? T : never };

export interface Host<S = unknown> {
  readonly peerId: PeerId;
  /** Where this host listens, each with `/p2p/`. */
  readonly addrs: readonly Multiaddr[];
  readonly addrs$: Observable<readonly Multiaddr[]>;
  readonly connections: readonly Connection[];
  readonly connections$: Observable<readonly Connection[]>;
  readonly peers: readonly PeerId[];
  readonly peers$: Observable<readonly PeerId[]>;
  readonly protocols: readonly string[];
  /** Everything that happens, in order; never errors; completes when the host stops. */
  readonly event$: Observable<HostEvent>;
  /** Every negotiated inbound stream, before its handler gets it. */
  readonly inbound$: Observable<Stream>;
  readonly services: Services<S>;
  /** Emits once bound and keeps the port open until unsubscribed; errors with ERR_LISTEN_FAILED or ERR_ADDR_UNSUPPORTED. */
  listen(addr: string | Multiaddr): Observable<Listener>;
  /** Cold. Emits one connection and completes; errors with `DialError`. Unsubscribing before that cancels. */
  dial(target: Target, options?: DialOptions): Observable<Connection>;
  /** Cold. The `dial:*` events of that dial; never errors; `dial:end` is last and says how it ended. Unsubscribing before that cancels. */
  dialUpdates(target: Target, options?: DialOptions): Observable<DialEvent>;
  /** Forgets that addresses of this peer, or of all, failed lately: they may be dialed at once. */
  clearDialBackoff(peer?: PeerId | string): void;
  /** Cold. Dials if needed, emits one stream and completes. Unsubscribing before that cancels. */
  newStream(
    target: Target,
    protocols: string | readonly string[],
    options?: NewStreamOptions,
  ): Observable<Stream>;
  /** Registers while subscribed; ERR_PROTOCOL_TAKEN if somebody else did. */
  handle(
    protocols: string | readonly string[] | ProtocolMatcher,
    options?: HandleOptions,
  ): Observable<Stream>;
  /** Closes listeners, streams and connections, in this order. Twice is once. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HostOptions<S> {
  /** A fresh Ed25519 key if left out. */
  privateKey?: PrivateKey | undefined;
  /** `[]` opens nothing. */
  listen?: readonly (string | Multiaddr)[] | undefined;
  transports?: readonly TransportFactory[] | undefined;
  security?: readonly SecurityFactory[] | undefined;
  /** Plaintext only: for tests. */
  insecure?: boolean | undefined;
  muxers?: readonly MuxerFactory[] | undefined;
  services?: S | undefined;
  dial?: DialSettings | undefined;
  /** Who may be dialed; all, if left out. */
  gater?: Partial<Pick<ConnectionGater, 'allowDialPeer' | 'allowDialAddr'>> | undefined;
  /** Subscribed to `event$` before anything starts. */
  events?: Partial<Observer<HostEvent>> | undefined;
  /** A monotonic clock and its timers. */
  scheduler?: SchedulerLike | undefined;
  /** The platform's CSPRNG if left out. */
  random?: RandomSource | undefined;
}
