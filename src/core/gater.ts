import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './identity.js';

/** Who may be dialed. Each hook answers `true` to allow; one that is missing allows; one that throws refuses. */
export interface DialGater {
  allowDialPeer(peer: PeerId): boolean;
  /** Asked about addresses that nothing else refuses, once a dial. */
  allowDialAddr(peer: PeerId, addr: Multiaddr): boolean;
}
