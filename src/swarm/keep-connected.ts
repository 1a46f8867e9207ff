/** Stays connected to one peer: what becomes of its connections in, dials out. */
import {
  concat,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  observeOn,
  of,
  retry,
  switchMap,
  throwError,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import { DialError } from '../core/dial-error.js';
import { Libp2pError } from '../core/errors.js';
import type { PeerId, RandomSource } from '../core/identity.js';
import { RedialPace } from './redial-pace.js';

interface Kept {
  readonly remotePeer: PeerId;
}
export interface KeepDeps<C extends Kept> {
  readonly scheduler: SchedulerLike;
  readonly random: RandomSource;
  readonly registry: {
    readonly opened$: Observable<C>;
    readonly closed$: Observable<C>;
    ofPeer(peer: PeerId): readonly C[];
  };
  /** Protects a peer while subscribed. */
  readonly protect: (peer: PeerId) => Observable<never>;
}

/**
 * Emits the open connections to the peer at once, then each new one, behind its events; dials while there is none, and
 * protects the peer. A dial that fails is not its failure: it waits, from half to the whole of 1 s, 2 s, 4 s … 5 min, or
 * until one of the addresses may be dialed again, and dials anew. Never errors, never completes. Unsubscribing ends dial,
 * wait and protection.
 */
export function keepConnected<C extends Kept>(
  peer: PeerId,
  dial$: Observable<unknown>,
  deps: KeepDeps<C>,
): Observable<C> {
  const { registry, scheduler, protect } = deps;
  return defer(() => {
    const pace = new RedialPace();
    const isConnected = (): boolean => registry.ofPeer(peer).length > 0;
    const ofThisPeer = (connection: C): boolean => connection.remotePeer.equals(peer);
    // The registry speaks in the middle of its own work.
    const opened$ = registry.opened$.pipe(filter(ofThisPeer), observeOn(scheduler));
    const closed$ = registry.closed$.pipe(filter(ofThisPeer), observeOn(scheduler));
    return merge(
      protect(peer),
      merge(from(registry.ofPeer(peer)), opened$).pipe(once()),
      // The look at what is there comes last, when what it leads to is heard.
      merge(opened$, closed$, of(undefined)).pipe(
        map(isConnected),
        distinctUntilChanged(),
        switchMap((connected) => (connected ? staying(pace, deps) : dialing(dial$, pace, deps))),
      ),
    );
  });
}

/** Who subscribes between a connection's snapshot and its news sees both. */
function once<C extends object>() {
  return (connection$: Observable<C>): Observable<C> =>
    defer(() => {
      const seen = new WeakSet<C>();
      return connection$.pipe(
        filter((connection) => !seen.has(connection)),
        map((connection) => {
          seen.add(connection);
          return connection;
        }),
      );
    });
}

function staying<C extends Kept>(pace: RedialPace, { scheduler }: KeepDeps<C>): Observable<never> {
  pace.connected(scheduler.now());
  return EMPTY;
}

/** Until somebody is connected, which ends it from outside. */
function dialing<C extends Kept>(
  dial$: Observable<unknown>,
  pace: RedialPace,
  { scheduler, random }: KeepDeps<C>,
): Observable<never> {
  const dialOnce$ = defer(() => {
    pace.dialed();
    // A connection that is gone before anybody could see it is no success.
    return concat(dial$.pipe(ignoreElements()), throwError(lostAtOnce));
  }).pipe(
    retry({
      delay: (error: unknown) => {
        const retryAfterMs = error instanceof DialError ? error.retryAfterMs : undefined;
        return timer(pace.afterFailure(chance(random), retryAfterMs), scheduler);
      },
    }),
  );
  const waitMs = pace.afterLoss(scheduler.now(), chance(random));
  return waitMs === 0 ? dialOnce$ : concat(timer(waitMs, scheduler).pipe(ignoreElements()), dialOnce$);
}

/** From 0 up to 1. */
function chance(random: RandomSource): number {
  const bytes = random(4);
  return bytes.reduce((sum, byte) => sum * 0x100 + byte, 0) / 2 ** 32;
}

function lostAtOnce(): Error {
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection was lost at once');
}
