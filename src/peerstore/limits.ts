/** What one store holds. Everything here grows with what remote peers say; an excess is evicted, cut or refused, as said. */
export interface PeerStoreLimits {
  /** Addresses of one peer, not counting those of a connection: the one that expires first gives way. @source PS-18 */
  readonly addrsPerPeer: number;
  /** Addresses in all, counted alike: the one that expires first gives way. @source reliability limits, bytes; O1 */
  readonly addrs: number;
  /** Peers in all: the one that was written longest ago, and has no address that stays, gives way. */
  readonly peers: number;
  /** Signed records; one of a new peer beyond that is a `LimitError`. @source PS-32; reliability limits, bytes */
  readonly records: number;
  /** Protocols of one peer; the rest is left out. @source reliability limits, bytes; ODD-2 */
  readonly protocols: number;
  /** Metadata keys of one peer; `LimitError`. @source reliability limits, bytes */
  readonly metadataKeys: number;
  /** Bytes of one value; `LimitError`. @source reliability limits, bytes */
  readonly metadataBytes: number;
  /** Tags of one peer; `LimitError`. */
  readonly tags: number;
  /** Bytes of protocols, metadata, tags, keys and records in all: what 3.1 allows each peer, all peers together must not have. A peer gives way as above. */
  readonly bytes: number;
}

export const DEFAULT_LIMITS: PeerStoreLimits = {
  addrsPerPeer: 64,
  addrs: 100_000,
  peers: 100_000,
  records: 10_000,
  protocols: 256,
  metadataKeys: 64,
  metadataBytes: 4 * 1024,
  tags: 64,
  bytes: 64 * 1024 * 1024,
};
/** Browsers have less of everything. @source reliability limits, bytes */
export const BROWSER_LIMITS: Partial<PeerStoreLimits> = {
  addrs: 10_000,
  peers: 10_000,
  bytes: 16 * 1024 * 1024,
};
/** Addresses of one peer that stay as long as its connection, or for ever: a connected peer may sign record after record. The oldest gives way. */
export const MAX_STAYING_ADDRS = 128;
/** Of a protocol's name, bytes; longer ones are left out. @source reliability checklist, I3 */
export const MAX_PROTOCOL_BYTES = 256;
/** Of a metadata key or a tag, characters; `LimitError`. */
export const MAX_NAME_CHARS = 256;
