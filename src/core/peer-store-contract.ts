/** What a host remembers of its peers. What it promises is in `docs/guide/peerstore.md`. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId, PublicKey } from './identity.js';
import type { PeerRecordFields } from './peer-record.js';

/** What is known of a peer. It does not change: a change makes another. */
export interface PeerRecord {
  /** With its key, where that is known. */
  readonly peerId: PeerId;
  /** Unexpired ones; `expiresAt` is ms on the host's scheduler, Infinity for never. `certified`: from a record that the peer signed. */
  readonly addrs: readonly {
    /** Without `/p2p/`. */
    readonly addr: Multiaddr;
    /** Whether the peer has signed it. */
    readonly certified: boolean;
    /** Ms on the host's scheduler. */
    readonly expiresAt: number;
  }[];
  /** What the peer says that it speaks. */
  readonly protocols: readonly string[];
  /** What it is worth to the connection manager. */
  readonly tags: ReadonlyMap<string, number>;
  /** Your notes. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** Smoothed round-trip time, ms. */
  readonly rttMs?: number | undefined;
}
/** What is remembered of peers. Calls with a peer throw ERR_INVALID_PEER_ID for what is none. */
export interface PeerStore {
  /** `undefined` where nothing is known. The same object until something changes. */
  get(peer: PeerId | string): PeerRecord | undefined;
  /** All that are known. */
  readonly peers: readonly PeerId[];
  /** Every change as it is made. */
  readonly change$: Observable<{
    /** Whether anything is left of it. */
    readonly type: 'update' | 'remove';
    /** Its id as text. */
    readonly peer: string;
  }>;
  /** The record now, and after every change of it. */
  watch(peer: PeerId | string): Observable<PeerRecord | undefined>;
  /** Never shortens what is known for longer. Addresses of other peers are passed over. */
  addAddrs(peer: PeerId | string, addrs: readonly (Multiaddr | string)[], ttlMs: number): void;
  /** All of them, certified ones too. */
  clearAddrs(peer: PeerId | string): void;
  /** Whether the signed record was accepted. Throws for an envelope that is none, or is not the peer's own. */
  consumeRecord(envelope: Uint8Array, ttlMs: number): boolean;
  /** Replaces what was known. */
  setProtocols(peer: PeerId | string, protocols: readonly string[]): void;
  /** Your own note about a peer; `undefined` takes it away. Throws a `LimitError`. */
  setMetadata(peer: PeerId | string, key: string, value: Uint8Array | undefined): void;
  /** Forgets all that is known of a peer. */
  remove(peer: PeerId | string): void;
  /** Resolves when what was stored is there. */
  ready(): Promise<void>;
  /** Resolves when all changes so far are stored. */
  flush(): Promise<void>;
  /** Stores what is left, and takes nothing more. The host that has it does this when it stops. */
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
  /** An hour: what somebody tells. */
  general: 3_600_000,
  /** Two minutes: what is tried. */
  temporary: 120_000,
  /** A quarter of an hour: what has worked. */
  recentlyConnected: 900_000,
  /** While a connection lasts. */
  connected: Number.MAX_VALUE,
  /** For ever. */
  permanent: Infinity,
} as const;
