/** What a dial is asked, planned and made of: the public types of strategies. What they promise is in `docs/guide/strategies.md`. */
import type { MonoTypeOperatorFunction, Observable, SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from './identity.js';
import type { CallOptions } from './stream-contract.js';

/** How one dial differs from the usual. */
export interface DialOptions extends CallOptions {
  /** Dial although there is a connection. */
  force?: boolean | undefined;
  /** No relays: relayed connections are ignored, relay addresses refused, and back-off does not hold. */
  forceDirect?: boolean | undefined;
  /** Both sides dial at the same moment, without ranking delays; the role says who acts as client in the handshakes. */
  simultaneousConnect?: 'client' | 'server' | undefined;
}
/** An address and when it may be dialed: ms after the dial worker's start. It is dialed earlier when everything before it has failed. */
export interface PlannedDial {
  /** Where. */
  readonly addr: Multiaddr;
  /** When at the latest, ms from the start of the dial. */
  readonly delayMs: number;
}
/** An address that is not dialed, and why. */
export interface RefusedDial {
  /** Where. */
  readonly addr: Multiaddr;
  /** Why: it becomes an entry of `DialError.errors`. */
  readonly error: Error;
}
/** What a strategy may ask of its host. Each dial has its own. */
export interface DialContext {
  /** The host's clock: give it to every timed operator. */
  readonly scheduler: SchedulerLike;
  /** The addresses behind a name, as answers come; completes when no more will come. Errors with ERR_RESOLVE or ERR_TIMEOUT. */
  resolve(addr: Multiaddr): Observable<readonly Multiaddr[]>;
  /** Whether what leads there has swallowed everything lately. The first question of a dial counts as its request. */
  isBlackHoled(addr: Multiaddr): boolean;
  /** Whether a transport of this host dials such an address. */
  canDial(addr: Multiaddr): boolean;
}
/** One peer's race, as far as it is planned. Every plan is whole: a later one repeats and extends those before it. */
export interface DialPlan {
  /** Who is dialed. */
  readonly peer: PeerId;
  /** A strategy may shorten `timeoutMs`; it counts from the dial's start. */
  readonly options: DialOptions;
  /** What is dialed, in no particular order. */
  readonly dials: readonly PlannedDial[];
  /** What is not. */
  readonly refused: readonly RefusedDial[];
  /** What may be asked of the host. */
  readonly context: DialContext;
}
/**
 * How a peer's addresses are dialed. The source emits the known addresses with delay 0, again when more are known, and
 * completes; a strategy may emit as often. Later plans add addresses and may move those that have not started; nothing is
 * withdrawn. An error fails the dial.
 */
export type DialStrategy = MonoTypeOperatorFunction<DialPlan>;
