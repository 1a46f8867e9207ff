/** Connections that nobody uses: closed when no stream has been open on them for a while. One timer for all, none without any. */
import { Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';

/** @source reliability limits, times: idle connection, no streams; js-libp2p and rust-libp2p close idle ones as well */
export const IDLE_CONNECTION_MS = 120_000;
/** Connection code for one that nobody used any more. @source libp2p error codes: garbage collected */
const GARBAGE_COLLECTED = 0x1005;

/** What is asked of a connection. */
export interface Idling {
  readonly remotePeer: PeerId;
  /** Whether a stream is open, agreed on or not. */
  readonly isUsed: boolean;
  /** When the last of its streams ended; if there was none, when it was opened. */
  readonly unusedSince: number;
  abort(reason: Error, code?: number): void;
}

export interface IdleConnectionsDeps<C extends Idling> {
  readonly scheduler: SchedulerLike;
  readonly idleMs: number;
  /** The open ones. */
  readonly connections: () => readonly C[];
  readonly opened$: Observable<C>;
  /** One is no longer among the open ones. */
  readonly closed$: Observable<unknown>;
  /** Whether somebody wants to keep the peer, used or not. */
  readonly isProtected: (peer: PeerId) => boolean;
  /** Told right before one is closed. */
  readonly pruned: (connection: C) => void;
}

/**
 * Closes idle connections while subscribed; emits nothing, never completes. One that is protected when its time has come is
 * asked again after as long.
 */
export function closeIdleConnections<C extends Idling>(deps: IdleConnectionsDeps<C>): Observable<never> {
  const { scheduler, idleMs, connections } = deps;
  return new Observable<never>((subscriber) => {
    let timer: Subscription | undefined;
    const arm = (dueAt: number): void => {
      timer = scheduler.schedule(sweep, Math.max(1, dueAt - scheduler.now()));
    };
    const sweep = (): void => {
      timer = undefined;
      const now = scheduler.now();
      let next = Infinity;
      for (const connection of connections()) {
        const dueAt = (connection.isUsed ? now : connection.unusedSince) + idleMs;
        if (dueAt > now) next = Math.min(next, dueAt);
        else if (deps.isProtected(connection.remotePeer)) next = Math.min(next, now + idleMs);
        else {
          deps.pruned(connection);
          connection.abort(idleError(idleMs), GARBAGE_COLLECTED);
        }
      }
      if (next < Infinity) arm(next);
    };
    const disarm = (): void => {
      timer?.unsubscribe();
      timer = undefined;
    };
    const error = (thrown: unknown): void => {
      subscriber.error(thrown);
    };
    const next = {
      opened: () => {
        if (timer === undefined) arm(scheduler.now() + idleMs);
      },
      closed: () => {
        if (connections().length === 0) disarm();
      },
    };
    subscriber.add(deps.opened$.subscribe({ next: next.opened, error }));
    subscriber.add(deps.closed$.subscribe({ next: next.closed, error }));
    subscriber.add(disarm);
  });
}

function idleError(idleMs: number): Libp2pError {
  return new Libp2pError(
    'ERR_CONNECTION_CLOSED',
    'local',
    `no stream was open on the connection for ${String(idleMs)} ms`,
  );
}
