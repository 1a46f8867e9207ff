/** What both doors show. Named re-exports and nothing else. */
export {
  isLoopback,
  isPrivate,
  isPublic,
  isQuic,
  isRelay,
  isTcp,
  isWebSocket,
} from './core/address-class.js';
export type {
  DialContext,
  DialOptions,
  DialPlan,
  DialStrategy,
  PlannedDial,
  RefusedDial,
} from './core/dial-contract.js';
export { DialError } from './core/dial-error.js';
export type { FailedAddr } from './core/dial-error.js';
export type { Bytes, CloseReason, Duplex, Writable } from './core/duplex.js';
export {
  AbortError,
  Libp2pError,
  LimitError,
  StreamBufferError,
  StreamResetError,
  TimeoutError,
} from './core/errors.js';
export type { ErrorCode, Fault } from './core/errors.js';
export type {
  At,
  DialEvent,
  Failed,
  HostEvent,
  OfAttempt,
  OfConnection,
  OfDial,
  OfPeer,
  OfStream,
} from './core/events.js';
export type { ConnectionAddrs, ConnectionGater } from './core/gater.js';
export type { KeyType, PeerId, PrivateKey, PublicKey, RandomSource } from './core/identity.js';
export { generateKey, privateKeyFrom, publicKeyFrom } from './core/keys.js';
export type { GenerateKeyOptions } from './core/keys.js';
export type { AddressLimits, NetworkLimits, ResourceLimits, ScopeLimits } from './core/limits-contract.js';
export { parseMultiaddr } from './core/multiaddr.js';
export type { NameLookup } from './core/name-lookup.js';
export type {
  ListenEvent,
  Muxer,
  MuxerObserver,
  MuxerPart,
  MuxerSession,
  PartContext,
  RawConnection,
  Secured,
  SecureOptions,
  SecurityContext,
  SecurityPart,
  SecurityProtocol,
  Transport,
  TransportContext,
  TransportPart,
} from './core/parts.js';
export { peerIdFrom } from './core/peer-id.js';
export { ADDR_TTL } from './core/peer-store-contract.js';
export type { PeerRecord, PeerStore } from './core/peer-store-contract.js';
export type { CallOptions, Connection, Listener, NewStreamOptions, Stream } from './core/stream-contract.js';
export { drawDialSvg } from './draw/dial-svg.js';
export type { DialSvgOptions } from './draw/dial-svg.js';
export { drawDial } from './draw/dial-text.js';
export type { DialTextOptions } from './draw/dial-text.js';
export type {
  DefaultServices,
  HandleOptions,
  Host,
  HostOptions,
  IdentifyEvent,
  IdentifyService,
  MuxerFactory,
  NoServices,
  PingOptions,
  PingService,
  ProtocolMatcher,
  SecurityFactory,
  ServiceContext,
  ServiceFactory,
  ServiceMap,
  Services,
  Target,
  TransportFactory,
} from './host/contract.js';
export type { DialSettings } from './host/dial-options.js';
export type { ManagerSettings } from './host/manager-options.js';
export { ofType } from './host/of-type.js';
export type { PeerStoreLimits } from './peerstore/limits.js';
export { memoryPeerStore } from './peerstore/memory-peer-store.js';
export type { PeerStoreOptions } from './peerstore/memory-peer-store.js';
export type { RuleDatastore } from './promises/rule-store.js';
export { byteStream } from './promises/byte-stream.js';
export type { ByteStream } from './promises/byte-stream.js';
export { dnsOverHttps } from './platform/https-lookup.js';
export type { DnsOverHttpsOptions } from './platform/https-lookup.js';
export { noise } from './protocols/noise/noise.js';
export type { NoiseOptions } from './protocols/noise/noise.js';
export { plaintext } from './protocols/plaintext/plaintext.js';
export type { YamuxLimits } from './protocols/yamux/limits.js';
export { yamux } from './protocols/yamux/yamux.js';
export type { YamuxOptions } from './protocols/yamux/yamux.js';
export { unlimited } from './resources/default-limits.js';
export { lengthPrefixed, lines, withLengthPrefix } from './rx/frames.js';
export { serve, withStream } from './stream/serve.js';
export { allowDeny } from './swarm/allow-deny.js';
export type { AccessRule, AllowDenyGater, AllowDenyOptions, Verdict, Whom } from './swarm/allow-deny.js';
export { defaultFilters, defaultStrategy } from './swarm/default-strategy.js';
export { rankHappyEyeballs, rankNoDelay, rankRelays } from './swarm/dial-ranker.js';
export type { DelayRelaysOptions, HappyEyeballsOptions } from './swarm/dial-ranker.js';
export type { DialBackoffOptions } from './swarm/backoff.js';
export type { BlackHoleOptions, BlackHoleThreshold } from './swarm/black-hole.js';
export { limitAddrs, only, refuse, refuseBlackHoled } from './swarm/refusals.js';
export { resolveAddrs } from './swarm/resolve-addrs.js';
export {
  defaultRanking,
  delayRelays,
  giveUpAfter,
  happyEyeballs,
  mapDials,
  noDelay,
  stagger,
} from './swarm/strategies.js';
export type { StaggerOptions } from './swarm/strategies.js';
export { memory } from './transports/memory.js';
export type { MemoryOptions } from './transports/memory.js';
