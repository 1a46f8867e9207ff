/** What a plan means to the dial worker: refusals, new addresses, and those that it tracks already. Pure. @source go-libp2p swarm, dial worker (WORK-1 to WORK-3) */
import type { PlannedDial, RefusedDial } from '../core/dial-contract.js';
import { LimitError } from '../core/errors.js';
import { recordFailure, recordRefusal } from './dial-failures.js';
import { conclude } from './dial-results.js';
import type {
  DialedConnection,
  DialMachineDeps,
  PendingDial,
  PlanUpdate,
  TrackedDial,
} from './dial-state.js';
import type { DialTurn } from './dial-turn.js';

/** Addresses that one worker tracks, whatever a strategy makes up. */
const MAX_TRACKED = 1_000;

export function resolved<C extends DialedConnection>(
  turn: DialTurn<C>,
  { id, addr, answers, error }: Extract<PlanUpdate, { type: 'resolved' }>,
): void {
  if (!turn.pending.has(id)) return;
  turn.tell([id], { type: 'dial:resolve', addr: addr.toString(), answers: answers.map(String) }, error);
}

export function planned<C extends DialedConnection>(
  turn: DialTurn<C>,
  { id, dials, refused, timeoutMs }: Extract<PlanUpdate, { type: 'planned' }>,
  deps: DialMachineDeps<C>,
): void {
  const before = turn.pending.get(id);
  if (before === undefined) return;
  const deadlineAt = before.startedAt + (timeoutMs ?? before.request.timeoutMs);
  let pending = turn.put({ ...before, deadlineAt });
  for (const refusal of refused) pending = refuse(turn, pending, refusal);
  const listed = new Set<string>();
  for (const dial of dials) {
    const key = dial.addr.toString();
    if (listed.has(key)) continue;
    listed.add(key);
    const tracked = turn.tracked.get(key);
    // WORK-1.4: what this worker has reached already answers, and the rest of the plan is not needed.
    if (tracked?.connection !== undefined) {
      turn.end([id], { outcome: 'connected', connection: tracked.connection });
      return;
    }
    pending = tracked === undefined ? track(turn, pending, dial) : join(turn, pending, dial, tracked);
  }
  turn.schedule();
  conclude(turn, pending, deps);
}

/** A refusal is told once, however often the plan repeats it. */
function refuse<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  { addr, error }: RefusedDial,
): PendingDial {
  const key = addr.toString();
  if (pending.refused.has(key)) return pending;
  turn.tell([pending.request.id], { type: 'dial:refuse', addr: key }, error);
  return turn.put({
    ...pending,
    refused: new Set(pending.refused).add(key),
    failures: recordRefusal(pending.failures, addr, error),
  });
}

/** A new address: tracked with the options of who brought it, queued with its delay from the worker's start (WORK-3). */
function track<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  { addr, delayMs }: PlannedDial,
): PendingDial {
  const { request } = pending;
  const key = addr.toString();
  if (turn.tracked.size >= MAX_TRACKED)
    return refuse(turn, pending, {
      addr,
      error: new LimitError('dial worker', 'addresses', MAX_TRACKED, 'local'),
    });
  turn.place(key, { addr, request, stage: 'queued', delayMs });
  turn.tell([request.id], { type: 'dial:plan', addr: key, delayMs });
  return turn.put({ ...pending, hadDials: true, waiting: new Set(pending.waiting).add(key) });
}

/** An address that is tracked already: its result counts for this request too (WORK-1.4, WORK-2). */
function join<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  { addr, delayMs }: PlannedDial,
  dial: TrackedDial<C>,
): PendingDial {
  const { request } = pending;
  const { id, options } = request;
  const key = addr.toString();
  const isNew = !pending.waiting.has(key);
  if (dial.stage === 'failed') return joinFailed(turn, pending, key, dial);
  if (isNew) {
    turn.tell([id], { type: 'dial:plan', addr: key, delayMs });
    if (dial.stage === 'running') turn.tell([id], { type: 'dial:attempt', addr: key });
  }
  if (dial.stage === 'queued') {
    const takesOver =
      options.simultaneousConnect !== undefined && dial.request.options.simultaneousConnect === undefined;
    if (takesOver) turn.place(key, { ...dial, request, delayMs });
    else if (dial.request.id === id && dial.delayMs !== delayMs) {
      turn.place(key, { ...dial, delayMs });
      turn.tell([id], { type: 'dial:plan', addr: key, delayMs });
    }
  }
  return isNew
    ? turn.put({ ...pending, hadDials: true, waiting: new Set(pending.waiting).add(key) })
    : pending;
}

/** It has failed before this request came: its error is this request's too, once. */
function joinFailed<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  key: string,
  { addr, error }: TrackedDial<C>,
): PendingDial {
  if (error === undefined || pending.seen.has(key)) return pending;
  turn.tell([pending.request.id], { type: 'dial:fail', addr: key, afterMs: 0 }, error);
  return turn.put({
    ...pending,
    hadDials: true,
    seen: new Set(pending.seen).add(key),
    failures: recordFailure(pending.failures, addr, error),
  });
}

export function planEnded<C extends DialedConnection>(
  turn: DialTurn<C>,
  { id, error }: Extract<PlanUpdate, { type: 'plan-ended' }>,
  deps: DialMachineDeps<C>,
): void {
  const pending = turn.pending.get(id);
  if (pending === undefined) return;
  const { failures } = pending;
  if (error !== undefined) turn.end([id], { outcome: 'failed', failure: { cause: error, failures } });
  else conclude(turn, turn.planned(pending), deps);
}
