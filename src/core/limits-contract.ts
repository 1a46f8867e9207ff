/** Limits of a host, and the scopes that enforce them. @source go-libp2p resource manager (RM-1 to RM-12) */
import type { Multiaddr } from '@multiformats/multiaddr';

/**
 * What one scope may have at once. 0 means none allowed, `Infinity` that nothing is limited; what is left out has its
 * default. A total that is raised raises its directions in proportion; a direction that is raised makes room in the total.
 */
export interface ScopeLimits {
  memoryBytes?: number | undefined;
  connections?: number | undefined;
  inboundConnections?: number | undefined;
  outboundConnections?: number | undefined;
  streams?: number | undefined;
  inboundStreams?: number | undefined;
  outboundStreams?: number | undefined;
  /** Of files: connections over sockets take one each. */
  descriptors?: number | undefined;
}
/** What one network may have: connections at once, and new ones, both directions together. */
export interface NetworkLimits {
  connections?: number | undefined;
  /** New connections a second, on average … */
  perSecond?: number | undefined;
  /** … and so many at once. */
  burst?: number | undefined;
}
/** Per IP address of the remote; connections through relays and without an IP address are not counted (ODD-17, ODD-22). */
export interface AddressLimits {
  ip4?: NetworkLimits | undefined;
  /** An IPv6 subscriber's network, /56. */
  ip6Subscriber?: NetworkLimits | undefined;
  /** An IPv6 site's network, /48. */
  ip6Site?: NetworkLimits | undefined;
  /** Whether 127.0.0.0/8 and ::1 are free of these; `true` if left out. */
  exemptLoopback?: boolean | undefined;
}
/** By scope; `docs/guide/limits.md` lists the defaults. Names in the maps are peer ids, protocol ids and services. */
export interface ResourceLimits {
  system?: ScopeLimits | undefined;
  /** Connections that have not proven who they are, and streams that have not agreed on a protocol. */
  transient?: ScopeLimits | undefined;
  connection?: ScopeLimits | undefined;
  stream?: ScopeLimits | undefined;
  peer?: ScopeLimits | undefined;
  peers?: Readonly<Record<string, ScopeLimits>> | undefined;
  protocol?: ScopeLimits | undefined;
  protocols?: Readonly<Record<string, ScopeLimits>> | undefined;
  /** One protocol with one peer. */
  protocolPeer?: ScopeLimits | undefined;
  protocolPeers?: Readonly<Record<string, ScopeLimits>> | undefined;
  service?: ScopeLimits | undefined;
  services?: Readonly<Record<string, ScopeLimits>> | undefined;
  /** One service with one peer. */
  servicePeer?: ScopeLimits | undefined;
  servicePeers?: Readonly<Record<string, ScopeLimits>> | undefined;
  addresses?: AddressLimits | undefined;
  /**
   * Who gets a connection although the host is full: `/ip4/…`, `/ip6/…`, either with `/ipcidr/<bits>`, each for everybody
   * there, or with `/p2p/<id>` for that peer alone. Where `system` or `transient` refuses one of them, these two are asked
   * instead; the number of connections from such a network is that of `allowlistedSystem`. Rates are the same for all.
   */
  allowlist?: readonly (string | Multiaddr)[] | undefined;
  /** As `system`, beside it. */
  allowlistedSystem?: ScopeLimits | undefined;
  /** As `transient`, beside it. */
  allowlistedTransient?: ScopeLimits | undefined;
}
export type Direction = 'inbound' | 'outbound';

/** What every stream is charged from its beginning: so much unread, and as much unsent, is nothing to ask for again. */
export const FREE_BYTES_EACH_WAY = 16 * 1024;

/** Who pays for the bytes that something holds. Plain calls: this is the byte path (ADR 2). */
export interface Memory {
  /** Throws a `LimitError`. */
  reserveMemory(byteLength: number): void;
  /** For what is better to have than to do without: `false` where it would take more than its share of what is left (RM-12). */
  tryReserveMemory(byteLength: number): boolean;
  releaseMemory(byteLength: number): void;
}
/** What something takes; all of it is given back by `done`, once. */
export interface Scope extends Memory {
  done(): void;
}
export interface StreamScope extends Scope {
  /** From transient to the protocol's. Throws a `LimitError`. */
  setProtocol(protocol: string): void;
  /** To the service's as well, behind `setProtocol`. Throws a `LimitError`. */
  setService(service: string): void;
}
export interface ConnectionScope extends Scope {
  /** Throws a `LimitError` where `setPeer` would now; takes nothing. */
  checkPeer(peer: string): void;
  /** From transient to the peer's. Throws a `LimitError`. */
  setPeer(peer: string): void;
  /** Of its protocol at once, where that is known, else transient. Throws a `LimitError`. */
  openStream(direction: Direction, protocol?: string): StreamScope;
}
export interface ConnectionFacts {
  /** The remote's IP address, where there is one. */
  readonly host: string | undefined;
  readonly usesDescriptor: boolean;
}
/** What a scope has. */
export interface ScopeStat {
  readonly memoryBytes: number;
  readonly inboundConnections: number;
  readonly outboundConnections: number;
  readonly inboundStreams: number;
  readonly outboundStreams: number;
  readonly descriptors: number;
}
export interface ResourceStat {
  readonly system: ScopeStat;
  readonly transient: ScopeStat;
  readonly allowlistedSystem: ScopeStat;
  readonly allowlistedTransient: ScopeStat;
  readonly peers: Readonly<Record<string, ScopeStat>>;
  readonly protocols: Readonly<Record<string, ScopeStat>>;
  readonly services: Readonly<Record<string, ScopeStat>>;
  /** Networks that have a connection. */
  readonly networks: number;
}
export interface ResourceManager {
  /** Throws a `LimitError`. */
  openConnection(direction: Direction, facts: ConnectionFacts): ConnectionScope;
  /**
   * Whether whoever claims to come from this address is to prove it first, since it comes from there more often than an
   * honest one would; each time it is asked counts. For transports whose addresses can be forged. @source RM-50
   */
  mustVerifySource(host: string | undefined): boolean;
  stat(): ResourceStat;
}
