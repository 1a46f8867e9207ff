/** What the peerstore keeps of an identified peer. @source go-libp2p identify (ID-11 to ID-16) */
import type { Multiaddr } from '@multiformats/multiaddr';
import { utf8 } from '../core/bytes.js';
import type { PeerId } from '../core/identity.js';
import { ADDR_TTL, METADATA } from '../core/peer-store-contract.js';
import type { HostConnection } from '../connection/connection.js';
import type { Identity } from '../protocols/identify/identity.js';
import type { ServicePeerStore } from './deps.js';

/** `open`: the peer's connections. Throws what a store may throw. */
export function remember(
  store: ServicePeerStore,
  peer: PeerId,
  identity: Identity,
  open: readonly HostConnection[],
): void {
  if (identity.protocols !== undefined) store.setProtocols(peer, identity.protocols);
  if (identity.addrs !== undefined) replaceAddrs(store, peer, identity.addrs, identity, open);
  // The one that the handshake has proven; what the message has is the same, or was refused (ID-16).
  if (!carriesKey(peer) && peer.publicKey !== undefined) store.setKey?.(peer, peer.publicKey);
  if (identity.protocolVersion !== undefined)
    store.setMetadata(peer, METADATA.protocol, utf8(identity.protocolVersion));
  if (identity.agent !== undefined) store.setMetadata(peer, METADATA.agent, utf8(identity.agent));
}

/**
 * The new list stands instead of what identify and dials have left there (ID-13). Three things outlive it: what the peer
 * signed before (reliability checklist, E12), what is known for ever, and the addresses at which it is being talked to.
 */
function replaceAddrs(
  store: ServicePeerStore,
  peer: PeerId,
  addrs: readonly Multiaddr[],
  signed: Pick<Identity, 'envelope' | 'record'>,
  open: readonly HostConnection[],
): void {
  const { connected, recentlyConnected, temporary } = ADDR_TTL;
  store.updateTtl?.(peer, recentlyConnected, temporary);
  store.updateTtl?.(peer, connected, temporary);
  const inUse = open
    .filter(({ direction, direct }) => direction === 'outbound' && direct)
    .map(({ remoteAddr }) => remoteAddr);
  if (!consume(store, peer, addrs, signed)) {
    const certified = certifiedOf(store, peer);
    // A record that is older than the one that is known says nothing new, and neither does the list beside it.
    store.addAddrs(peer, signed.envelope === undefined ? [...addrs, ...certified] : certified, connected);
  }
  store.addAddrs(peer, inUse, connected);
  store.updateTtl?.(peer, temporary, 0);
}

/** Whether the record was news, or known already. What of it would lead nowhere from here is taken out again (ID-15). */
function consume(
  store: ServicePeerStore,
  peer: PeerId,
  addrs: readonly Multiaddr[],
  { envelope, record }: Pick<Identity, 'envelope' | 'record'>,
): boolean {
  if (envelope === undefined || record === undefined) return false;
  const { connected } = ADDR_TTL;
  const isNews =
    store.consumeOpened?.(envelope, record, connected) ?? store.consumeRecord(envelope, connected);
  if (!isNews) return false;
  const unwanted = certifiedOf(store, peer).filter((addr) => !addrs.some((wanted) => wanted.equals(addr)));
  if (unwanted.length > 0) store.setAddrs?.(peer, unwanted, 0);
  return true;
}

function certifiedOf(store: ServicePeerStore, peer: PeerId): readonly Multiaddr[] {
  return (store.get(peer)?.addrs ?? []).flatMap(({ addr, certified }) => (certified ? [addr] : []));
}

/** Ids of small keys are the key itself, behind a multihash code of 0. */
function carriesKey(peer: PeerId): boolean {
  return peer.bytes[0] === 0;
}
