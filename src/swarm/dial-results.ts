/** What an attempt's news mean to the dial worker, and when a request is answered. Pure. @source go-libp2p swarm, dial worker (WORK-7 to WORK-10) */
import { Libp2pError } from '../core/errors.js';
import { recordFailure } from './dial-failures.js';
import type { AttemptUpdate, DialedConnection, DialMachineDeps, PendingDial } from './dial-state.js';
import type { DialTurn } from './dial-turn.js';

/** It has waited its turn in the limiter (LIM-4). */
export function started<C extends DialedConnection>(
  turn: DialTurn<C>,
  { key }: Extract<AttemptUpdate<C>, { type: 'started' }>,
): void {
  const dial = turn.tracked.get(key);
  if (dial?.stage === 'running') turn.began(key, dial);
}

/** The socket stands: while a public address is being secured, the next dials wait a little longer (WORK-7). */
export function progress<C extends DialedConnection>(
  turn: DialTurn<C>,
  { key, stage }: Extract<AttemptUpdate<C>, { type: 'progress' }>,
): void {
  const dial = turn.tracked.get(key);
  if (dial?.stage !== 'running') return;
  turn.tell(turn.audience(key), { type: 'dial:progress', addr: key, stage });
  if (stage !== 'connected') return;
  turn.progressed(key, dial);
  turn.schedule();
}

/** Answers everybody who waits for this address. The armed timer stays: no further dial is triggered (WORK-8). */
export function connected<C extends DialedConnection>(
  turn: DialTurn<C>,
  { key, connection }: Extract<AttemptUpdate<C>, { type: 'connected' }>,
): void {
  const dial = turn.tracked.get(key);
  if (dial?.stage !== 'running') return;
  const afterMs = turn.msSinceStart(dial);
  turn.settle(key, dial, { connection });
  turn.everConnected = true;
  const fact = { type: 'dial:connect', addr: key, afterMs, connectionId: connection.id } as const;
  turn.tell(turn.audience(key), fact);
  const ids = turn.waitersOf(key).map(({ request: { id } }) => id);
  turn.end(ids, { outcome: 'connected', connection });
}

/** WORK-9, WORK-10: remembered, told to all who wait, and to the back-off unless that would be unjust. */
export function failed<C extends DialedConnection>(
  turn: DialTurn<C>,
  { key, error, how }: Extract<AttemptUpdate<C>, { type: 'failed' }>,
  deps: DialMachineDeps<C>,
): void {
  const dial = turn.tracked.get(key);
  if (dial?.stage !== 'running') return;
  const afterMs = turn.msSinceStart(dial);
  turn.settle(key, dial, { error });
  if (how === 'failed' && !turn.everConnected) turn.say({ type: 'back-off', peer: dial.request.peer, key });
  turn.tell(turn.audience(key), { type: 'dial:fail', addr: key, afterMs }, error);
  const waiters = turn.waitersOf(key);
  // A later request may try again what was not tried.
  if (how === 'backed-off') turn.tracked.delete(key);
  for (const pending of waiters) {
    const waiting = new Set(pending.waiting);
    waiting.delete(key);
    const failures = recordFailure(pending.failures, dial.addr, error);
    const seen = new Set(pending.seen).add(key);
    turn.put({ ...pending, waiting, failures, seen });
  }
  // WORK-8: one that the host did not take leaves the armed timer as it is.
  if (how !== 'unregistered') turn.schedule();
  for (const {
    request: { id },
  } of waiters) {
    const pending = turn.pending.get(id);
    if (pending !== undefined) conclude(turn, pending, deps);
  }
}

/** A request for which nothing more can come is answered: by a connection that came otherwise (WORK-10), or with its error. */
export function conclude<C extends DialedConnection>(
  turn: DialTurn<C>,
  { request: asked, planning, waiting, hadDials, refused, failures }: PendingDial,
  deps: DialMachineDeps<C>,
): void {
  if (planning !== undefined || waiting.size > 0) return;
  const connection = deps.acceptable(asked);
  if (connection !== undefined) turn.end([asked.id], { outcome: 'reused', connection });
  else {
    const cause = overall(hadDials, refused.size > 0);
    turn.end([asked.id], { outcome: 'failed', failure: { cause, failures } });
  }
}

/** @source DERR-7 */
function overall(hadDials: boolean, hadRefusals: boolean): Error {
  if (hadDials) return new Libp2pError('ERR_DIAL_FAILED', 'network', 'all dials failed');
  return hadRefusals
    ? new Libp2pError('ERR_NO_ADDRESSES', 'local', 'no good addresses')
    : new Libp2pError('ERR_NO_ADDRESSES', 'local', 'no addresses');
}
