/** The services that every host has unless told otherwise. */
import type { Observable } from 'rxjs';
import type { HostEvent } from '../core/events.js';
import type { CallOptions } from '../core/stream-contract.js';
import type { Target } from '../core/target.js';

/** What a peer told of itself. */
export type IdentifyEvent = Extract<HostEvent, { type: 'peer:identify' }>;

/** Who is at the other end. */
export interface IdentifyService {
  /**
   * Cold. Asks the target anew who it is, dialing if needed, or joins the question that is under way on that connection;
   * emits what it said and completes. Errors as `dial` does, with ERR_UNSUPPORTED_PROTOCOL where it tells nothing of
   * itself, ERR_TIMEOUT after 5 s, or with what was wrong with the answer; the connection stays. Unsubscribing stops
   * listening, not the question. What was said is in `peerStore` before it is emitted. @source libp2p identify specification
   */
  readonly identify: (target: Target) => Observable<IdentifyEvent>;
}
/** How many pings, and how often. */
export interface PingOptions extends CallOptions {
  /** How many; without end if left out. */
  count?: number | undefined;
  /** From the start of one ping to the start of the next, ms (1,000); 0 is one behind the other. */
  everyMs?: number | undefined;
}
/** How far away a peer is. */
export interface PingService {
  /**
   * Cold. Round-trip times in ms, one by one, each also in `peerStore` as the peer's `rttMs`; dials if needed. Completes
   * after `count`. Errors as `newStream` does, with ERR_TIMEOUT 10 s after a ping that nobody answers, ERR_PING for a
   * wrong answer; `retry` goes on. All who ping one peer take turns on one stream. Unsubscribing ends it.
   * @source libp2p ping specification
   */
  readonly ping: (target: Target, options?: PingOptions) => Observable<number>;
}
/** The services that every host has unless told otherwise. */
export interface DefaultServices {
  /** Who is at the other end. */
  readonly identify: IdentifyService;
  /** How far away a peer is. */
  readonly ping: PingService;
}
