/** Which addresses of a remote are worth keeping, judged by where it is. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isLoopback, isPrivate, isPublic, isRelay } from '../../core/address-class.js';
import { protocolNames } from '../../core/multiaddr.js';

/** Addresses kept of a peer. @source reliability limits, bytes */
export const MAX_ADDRS = 64;

/**
 * Of a remote on this machine all, of one in our network all but loopback, of one in the internet the public ones, of any
 * other all. @source go-libp2p identify (ID-15); reliability checklist, I5
 */
export function filterAddrs(addrs: readonly Multiaddr[], remoteAddr: Multiaddr): readonly Multiaddr[] {
  if (isLoopback(remoteAddr)) return addrs;
  if (isPrivate(remoteAddr)) return addrs.filter((addr) => !isLoopback(addr));
  if (isPublic(remoteAddr)) return addrs.filter(isPublic);
  return addrs;
}

/**
 * Whether what a remote says that it sees us as may be true: no relay's address, of the family of the connection, and not
 * less public than its own. A hint all the same. @source reliability checklist, I6
 */
export function isPlausibleObservation(observed: Multiaddr, remoteAddr: Multiaddr): boolean {
  if (isRelay(observed) || isRelay(remoteAddr)) return false;
  if (protocolNames(observed)[0] !== protocolNames(remoteAddr)[0]) return false;
  return isPublic(observed) || !isPublic(remoteAddr);
}
