/** What the limits ask of a connection: by its remote address, and whether a relay is in between. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isRelay, usesDescriptor } from '../core/address-class.js';
import type { ConnectionFacts } from '../core/limits-contract.js';
import { hostAndPort } from '../core/multiaddr.js';

/** Through a relay it takes no descriptor and no place at the relay's address: the connection to the relay has both (ODD-17). */
export function factsOf(remoteAddr: Multiaddr, relayed = isRelay(remoteAddr)): ConnectionFacts {
  if (relayed) return { host: undefined, usesDescriptor: false };
  return { host: hostAndPort(remoteAddr)?.host, usesDescriptor: usesDescriptor(remoteAddr) };
}
