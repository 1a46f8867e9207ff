import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './identity.js';

/** A peer (to which there is a connection), or addresses of one peer, each with `/p2p/`. */
export type Target = PeerId | Multiaddr | string | readonly (Multiaddr | string)[];
