/** One dial against a described network: the real worker, strategy, limits and clocks, in virtual time. */
import { concat, defer, map, NEVER, of, throwError, timer, type Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialStrategy } from '../core/dial-contract.js';
import { Libp2pError } from '../core/errors.js';
import type { DialEvent } from '../core/events.js';
import { generateKey } from '../core/keys.js';
import { parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import type { NameLookup } from '../core/name-lookup.js';
import { peerIdFrom } from '../core/peer-id.js';
import { needsResolving } from '../core/resolvable.js';
import { drawDialSvg } from '../draw/dial-svg.js';
import { drawDial } from '../draw/dial-text.js';
import { Permits } from '../rx/permits.js';
import { DialBackoff } from '../swarm/backoff.js';
import { BlackHoles } from '../swarm/black-hole.js';
import type { ConnectUpdate } from '../swarm/dial-attempt.js';
import type { AttemptTask, DialedConnection } from '../swarm/dial-state.js';
import { Dialer } from '../swarm/dialer.js';
import { EventLog } from '../swarm/event-log.js';
import { createResolver } from '../swarm/resolver.js';
import { seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

/** What becomes of a dial to an address, so many ms after its start. */
export type SimulatedAddr =
  | { readonly connectMs: number }
  | { readonly refuseMs: number }
  /** The socket stands after half of that; the handshake then fails. */
  | { readonly handshakeFailMs: number }
  | { readonly hangs: true };
export interface SimulatedName {
  readonly afterMs: number;
  /** IP addresses for `dns`, `dns4` and `dns6` names; multiaddrs for `dnsaddr`. */
  readonly answers: readonly string[];
}
export interface SimulatedDialNetwork {
  /**
   * Addresses and their fates. A name's entry is the fate of each of its answers that is not listed itself; a listed
   * address that a name answers with is unknown until then.
   */
  readonly addrs: Readonly<Record<string, SimulatedAddr>>;
  /** A name that is missing never answers. */
  readonly names?: Readonly<Record<string, SimulatedName>> | undefined;
}
export interface SimulatedDial {
  readonly events: readonly DialEvent[];
  readonly outcome: 'connected' | 'failed';
  readonly afterMs: number;
  /** Attempts that were started. */
  readonly dialed: number;
  /** The race, drawn in text: one line an address, time to the right. */
  toString(): string;
  toSVG(): string;
}
