import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './identity.js';
import type { Connection } from './stream-contract.js';

interface ConnectionAddrs {
  readonly localAddr: Multiaddr;
  readonly remoteAddr: Multiaddr;
}
/** Who may be connected to. Each hook answers `true` to allow; one that is missing allows; one that throws refuses. @source go-libp2p, connection gater (GATE-1) */
export interface ConnectionGater {
  allowDialPeer(peer: PeerId): boolean;
  /** Asked about addresses that nothing else refuses, once a dial. */
  allowDialAddr(peer: PeerId, addr: Multiaddr): boolean;
  /** Before anything is read from a connection that came in. */
  allowAccept(addrs: ConnectionAddrs): boolean;
  /** Once the remote has proven who it is, before its connection is muxed. */
  allowSecured(direction: 'inbound' | 'outbound', peer: PeerId, addrs: ConnectionAddrs): boolean;
  /** Before the connection is anybody's. */
  allowUpgraded(connection: Connection): boolean;
}
