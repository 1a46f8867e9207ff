import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import { isPeerId } from '../core/peer-id.js';
import { show } from '../core/show.js';
import type { Target } from './contract.js';

export interface ResolvedTarget {
  readonly peer: PeerId;
  /** Addresses to dial, without the peer. */
  readonly addrs: readonly Multiaddr[];
}

/** Who is meant, and where. Throws ERR_INVALID_MULTIADDR, or ERR_INVALID_OPTION where no peer, or more than one, is named. */
export function resolveTarget(target: Target): ResolvedTarget {
  if (isPeerId(target)) return { peer: target, addrs: [] };
  const list = isList(target) ? target : [target];
  let peer: PeerId | undefined;
  const addrs = new Map<string, Multiaddr>();
  for (const item of list) {
    // What is no peer id is an address: a type guard cannot tell an interface apart from its maker's class.
    const addr = addressFrom(item);
    const split = splitPeer(addr);
    if (split.peer === undefined)
      throw invalid(`${addr.toString()} names no peer: it needs /p2p/<peer id> at its end`);
    if (peer?.equals(split.peer) === false)
      throw invalid(`the addresses name two peers: ${peer.toString()} and ${split.peer.toString()}`);
    peer = split.peer;
    if (split.transport !== undefined) addrs.set(split.transport.toString(), split.transport);
  }
  if (peer === undefined)
    throw new Libp2pError('ERR_NO_ADDRESSES', 'local', 'an empty list of addresses names no peer');
  return { peer, addrs: [...addrs.values()] };
}

/** The address without the peer at its end, if it is this one's: what is dialed, and asked about. @source go-libp2p swarm, RES-6 */
export function bareAddr(addr: Multiaddr, peer: PeerId): Multiaddr {
  const { transport, peer: named } = splitPeer(addr);
  return transport !== undefined && named?.equals(peer) === true ? transport : addr;
}

/** Users of plain JavaScript pass anything. */
function addressFrom(item: Multiaddr | string): Multiaddr {
  try {
    return parseMultiaddr(item);
  } catch (cause) {
    if (cause instanceof Libp2pError) throw cause;
    throw new Libp2pError('ERR_INVALID_MULTIADDR', 'local', `${show(item)} is no address`, { cause });
  }
}

function isList(target: Target): target is readonly (Multiaddr | string)[] {
  return Array.isArray(target);
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', message);
}
