/** What a host remembers of its peers. What it promises is in `docs/guide/peerstore.md`. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId, PublicKey } from './identity.js';
import type { PeerRecordFields } from './peer-record.js';

export interface PeerRecord {
  readonly peerId: PeerId;
  /** Unexpired ones; `expiresAt` is ms on the host's scheduler, Infinity for never. `certified`: from a record that the peer signed. */
  readonly addrs: readonly {
    readonly addr: Multiaddr;
    readonly certified: boolean;
    readonly expiresAt: number;
  }[];
  readonly protocols: readonly string[];
  readonly tags: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  readonly rttMs?: number | undefined;
}
export interface PeerStore {
  get(peer: PeerId | string): PeerRecord | undefined;
  readonly peers: readonly PeerId[];
  /** Every change as it is made. */
  readonly change$: Observable<{ readonly type: 'update' | 'remove'; readonly peer: string }>;
  /** The record now, and after every change of it. */
  watch(peer: PeerId | string): Observable<PeerRecord | undefined>;
  /** Never shortens what is known for longer. Addresses of other peers are passed over. */
  addAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void;
  clearAddrs(peer: PeerId | string): void;
  /** Whether the signed record was accepted. Throws for an envelope that is none, or is not the peer's own. */
  consumeRecord(envelope: Uint8Array, ttlMs: number): boolean;
  setProtocols(peer: PeerId | string, protocols: readonly string[]): void;
  setMetadata(peer: PeerId | string, key: string, value: Uint8Array | undefined): void;
  remove(peer: PeerId | string): void;
  /** Resolves when what was stored is there. */
  ready(): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}
/** What the host's own parts may ask of a store beyond the public face; a store of somebody else need not have it. */
export interface HostPeerStore extends PeerStore {
  /** Every address whose TTL is exactly `fromMs` gets `toMs`; 0 deletes it. */
  updateTtl(peer: PeerId | string, fromMs: number, toMs: number): void;
  /** Overwrites the TTL of these addresses; 0 deletes them. */
  setAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void;
  /** A new sample of the round-trip time. @source PS-46 */
  recordRtt(peer: PeerId | string, ms: number): void;
  setTag(peer: PeerId | string, name: string, value: number | undefined): void;
  /** As `consumeRecord`, for an envelope that `openPeerRecord` has opened: its signature is not verified again. */
  consumeOpened(envelope: Uint8Array, record: PeerRecordFields, ttlMs: number): boolean;
  /** The envelope that the peer signed last, while one of its addresses is known. */
  recordOf(peer: PeerId | string): Uint8Array | undefined;
  /** The key of a peer whose id does not carry it; `get` has it in `peerId.publicKey`. Throws ERR_INVALID_KEY for another peer's. @source PS-40 */
  setKey(peer: PeerId | string, key: PublicKey): void;
  /**
   * What was learned by talking to the peer: protocols, versions, key and round-trip time. Addresses stay until they expire,
   * and what others noted of it stays. @source PS-48
   */
  forget(peer: PeerId | string): void;
  /** What went wrong where nobody is told otherwise: the datastore fails, or has a record that cannot be read. Never errors; completes with `close`. */
  readonly warning$: Observable<Error>;
  /** The host's clocks, before anything is read. What is known by then keeps what is left of its time. */
  attach(clocks: StoreClocks): void;
}
export interface StoreClocks {
  /** Monotonic ms, for expiry. */
  readonly now: () => number;
  /** ms since 1970, for what is stored. */
  readonly wallClock: () => number;
  /** On the same clock as `now`. A store without one tells of what expires when it is next written to. */
  readonly scheduler?: SchedulerLike | undefined;
}
/** Metadata that a host writes itself: what a peer says of its program. @source ID-11 */
export const METADATA = { agent: 'AgentVersion', protocol: 'ProtocolVersion' } as const;
/** How long addresses are remembered, ms. @source go-libp2p peerstore (PS-1 to PS-6) */
export const ADDR_TTL = {
  general: 3_600_000,
  temporary: 120_000,
  recentlyConnected: 900_000,
  connected: Number.MAX_VALUE,
  permanent: Infinity,
} as const;
