/** What a dial worker knows, hears and says. Pure types; the moves are in `dial-turn.ts`, the rules in `dial-machine.ts`. */
import type { Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions, PlannedDial, RefusedDial } from '../core/dial-contract.js';
import type { DialEvent } from '../core/events.js';
import type { PeerId } from '../core/identity.js';
import type { DialFailures } from './dial-failures.js';
import type { Queued } from './dial-queue.js';

/** What a dial is after. */
export interface DialedConnection {
  readonly id: string;
  /** One that is closed answers nobody any more. */
  readonly isClosed?: boolean;
}
/** One caller's wish, as the worker hears it. */
export interface DialRequest {
  /** The `dialId` of its events. */
  readonly id: string;
  readonly peer: PeerId;
  readonly options: DialOptions;
  /** The whole dial's deadline, ms from its start, if neither call nor strategy says otherwise. */
  readonly timeoutMs: number;
  /** Where its addresses come from: each emission adds; the dial cannot fail before it has completed. */
  readonly addr$: Observable<readonly Multiaddr[]>;
}

/** What the rules may ask about the world. */
export interface DialMachineDeps<C> {
  /** A connection of now that would do for this request; never for one that is forced. */
  readonly acceptable: (request: DialRequest) => C | undefined;
}

// ── tasks ────────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Runs the strategy for one request. */
interface PlanTask {
  readonly type: 'plan';
  readonly request: DialRequest;
}
/** Dials one address. */
export interface AttemptTask {
  readonly type: 'attempt';
  readonly key: string;
  readonly addr: Multiaddr;
  readonly request: DialRequest;
}
export type DialTask = PlanTask | AttemptTask;

// ── inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export type DialInput<C> =
  | { readonly type: 'request'; readonly request: DialRequest }
  /** The caller left. */
  | { readonly type: 'withdraw'; readonly id: string }
  /** The last caller left: the worker is over. */
  | { readonly type: 'close' }
  | PlanUpdate
  | AttemptUpdate<C>;
export type PlanUpdate =
  | {
      readonly type: 'planned';
      readonly id: string;
      readonly dials: readonly PlannedDial[];
      readonly refused: readonly RefusedDial[];
      readonly timeoutMs: number | undefined;
    }
  | {
      readonly type: 'resolved';
      readonly id: string;
      readonly addr: Multiaddr;
      readonly answers: readonly Multiaddr[];
      readonly error?: Error | undefined;
    }
  /** The strategy has said all, or failed. */
  | { readonly type: 'plan-ended'; readonly id: string; readonly error?: Error | undefined };
export type AttemptUpdate<C> =
  /** It has its permits, and begins: until then it waited in the limiter. */
  | { readonly type: 'started'; readonly key: string }
  | { readonly type: 'progress'; readonly key: string; readonly stage: 'connected' | 'secured' }
  | { readonly type: 'connected'; readonly key: string; readonly connection: C }
  | {
      readonly type: 'failed';
      readonly key: string;
      readonly error: Error;
      /** `backed-off`: not tried, for it failed a moment ago. `unregistered`: it stood, but the host did not take it. */
      readonly how: 'failed' | 'backed-off' | 'black-holed' | 'unregistered';
    };

// ── outputs ──────────────────────────────────────────────────────────────────────────────────────────────────────────
type Bare<E> = E extends unknown
  ? Omit<E, 'at' | 'seq' | 'peer' | 'peerId' | 'dialId' | 'code' | 'message' | 'error'>
  : never;
/** A `dial:*` event, before it is told whose it is and when. */
export type DialFact = Bare<DialEvent>;
export interface DialFailure {
  /** Why the whole dial failed. */
  readonly cause: Error;
  readonly failures: DialFailures;
}
export type DialOutput<C> =
  /** To each of these dials; to the public once, under the first, unless it has heard it: `again` repeats it for one that came later. */
  | {
      readonly type: 'tell';
      readonly ids: readonly string[];
      readonly fact: DialFact;
      readonly error?: Error | undefined;
      readonly again?: boolean;
    }
  | { readonly type: 'back-off'; readonly peer: PeerId; readonly key: string }
  | ({ readonly type: 'end'; readonly id: string; readonly afterMs: number } & DialOutcome<C>);
export type DialOutcome<C> =
  | { readonly outcome: 'connected' | 'reused'; readonly connection: C }
  | { readonly outcome: 'failed'; readonly failure: DialFailure }
  | { readonly outcome: 'cancelled' };

// ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface PendingDial {
  readonly request: DialRequest;
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** Until the strategy has said all. */
  readonly planning: PlanTask | undefined;
  /** Addresses that may still bring it a connection. */
  readonly waiting: ReadonlySet<string>;
  readonly failures: DialFailures;
  /** Whether an address was planned that was not refused. */
  readonly hadDials: boolean;
  /** Refusals that were told, and failures that are in its list. */
  readonly refused: ReadonlySet<string>;
  readonly seen: ReadonlySet<string>;
}
export interface TrackedDial<C> {
  readonly addr: Multiaddr;
  /** The request whose plan brought it, whose options hold for it, and whose later plans may move it. */
  readonly request: DialRequest;
  readonly stage: 'queued' | 'running' | 'connected' | 'failed';
  readonly delayMs: number;
  readonly task?: AttemptTask | undefined;
  readonly startedAt?: number | undefined;
  /** Others wait until then: its socket stands, and the handshake is under way. */
  readonly expectedAt?: number | undefined;
  readonly connection?: C | undefined;
  readonly error?: Error | undefined;
}
export interface DialState<C> {
  /** Delays count from here: the first request. */
  readonly startedAt: number | undefined;
  /** Requests that have not been answered, oldest first. */
  readonly pending: Map<string, PendingDial>;
  readonly tracked: Map<string, TrackedDial<C>>;
  readonly queue: readonly Queued[];
  readonly everConnected: boolean;
  /** When the next batch is due. */
  readonly timerAt: number | undefined;
  /** When a request may be out of time. */
  readonly deadlineAt: number;
  readonly running: Set<DialTask>;
}
