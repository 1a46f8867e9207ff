/** What callers give to a store, checked and brought into the store's own form. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { utf8 } from '../core/bytes.js';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import { isPeerId, peerIdFrom } from '../core/peer-id.js';
import { show } from '../core/show.js';
import { MAX_PROTOCOL_BYTES } from './limits.js';

/** Throws ERR_INVALID_PEER_ID. */
export function idOf(peer: PeerId | string): PeerId {
  return isPeerId(peer) ? peer : peerIdFrom(peer);
}

/** Throws ERR_INVALID_OPTION for what is no number of ms; 0 and less mean something. */
export function checkedTtl(ttlMs: number): void {
  if (typeof ttlMs !== 'number' || Number.isNaN(ttlMs))
    throw new Libp2pError('ERR_INVALID_OPTION', 'local', `a TTL of ${show(ttlMs)}; it takes ms`);
}

/**
 * The addresses without the peer at their end; those of another peer, and those that are nothing else, are passed over.
 * Throws ERR_INVALID_MULTIADDR before anything is stored. @source PS-10
 */
export function ownAddrs(peerId: PeerId, addrs: readonly (Multiaddr | string)[]): readonly Multiaddr[] {
  return addrs.flatMap((given) => {
    const { transport, peer } = splitPeer(parseMultiaddr(given));
    const isOwn = peer === undefined || peer.equals(peerId);
    return isOwn && transport !== undefined ? [transport] : [];
  });
}

/** The first of them, each once; names beyond 256 bytes are none. @source ODD-2; reliability checklist, I3 */
export function keptProtocols(protocols: readonly string[], most: number): readonly string[] {
  const kept = new Set<string>();
  for (const protocol of protocols) {
    if (kept.size === most) break;
    const fits = protocol.length <= MAX_PROTOCOL_BYTES && utf8(protocol).byteLength <= MAX_PROTOCOL_BYTES;
    if (fits && protocol !== '') kept.add(protocol);
  }
  return [...kept];
}

/** An average in which a new sample weighs a tenth; the first is taken as it is. @source PS-46 */
export function averageRtt(before: number | undefined, ms: number): number {
  return before === undefined ? ms : 0.9 * before + 0.1 * ms;
}
