import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './identity.js';
import type { Connection } from './stream-contract.js';

/** The two ends of a connection. */
export interface ConnectionAddrs {
  /** Ours. */
  readonly localAddr: Multiaddr;
  /** The remote's. */
  readonly remoteAddr: Multiaddr;
}
/** Who may be connected to. Each hook answers `true` to allow; one that is missing allows; one that throws refuses. @source go-libp2p, connection gater (GATE-1) */
export interface ConnectionGater {
  /** Before anything of a dial. */
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
