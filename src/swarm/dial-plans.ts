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
  { id, dials, refused, timeoutMs = Infinity }: Extract<PlanUpdate, { type: 'planned' }>,
  deps: DialMachineDeps<C>,
): void {
  const before = turn.pending.get(id);
  if (before === undefined) return;
  const deadlineAt = before.startedAt + Math.min(timeoutMs, before.request.timeoutMs);
  let pending = refuse(turn, turn.put({ ...before, deadlineAt }), refused);
  const wanted = once(dials);
  // WORK-1.4: what this worker has reached already answers, and the rest of the plan is not needed.
  const connection = [...wanted.keys()].map((key) => turn.reached(key)).find((found) => found !== undefined);
  if (connection !== undefined) {
    turn.end([id], { outcome: 'connected', connection });
    return;
  }
  for (const dial of wanted.values()) pending = add(turn, pending, dial);
  const excess = [...wanted].filter(([key]) => !turn.tracked.has(key) && !pending.seen.has(key));
  pending = refuse(turn, pending, excess.map(tooMany));
  turn.schedule();
  conclude(turn, pending, deps);
}

/** A strategy may plan an address twice; the first counts. */
function once(dials: readonly PlannedDial[]): ReadonlyMap<string, PlannedDial> {
  const wanted = new Map<string, PlannedDial>();
  for (const dial of dials) {
    const key = dial.addr.toString();
    if (!wanted.has(key)) wanted.set(key, dial);
  }
  return wanted;
}

function add<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  dial: PlannedDial,
): PendingDial {
  const key = dial.addr.toString();
  const tracked = turn.tracked.get(key);
  // One that was reached and is closed by now begins anew.
  if (tracked !== undefined)
    return tracked.stage === 'connected' ? track(turn, pending, dial) : join(turn, pending, dial, tracked);
  // What this request has seen fail it does not try again, though the next one may (WORK-10).
  if (pending.seen.has(key) || turn.tracked.size >= MAX_TRACKED) return pending;
  return track(turn, pending, dial);
}

function tooMany([, { addr }]: readonly [string, PlannedDial]): RefusedDial {
  return { addr, error: new LimitError('dial worker', 'addresses', MAX_TRACKED, 'local') };
}

/** A refusal is told once, however often the plan repeats it. */
function refuse<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  refusals: readonly RefusedDial[],
): PendingDial {
  if (refusals.length === 0) return pending;
  const refused = new Set(pending.refused);
  let { failures } = pending;
  for (const { addr, error } of refusals) {
    const key = addr.toString();
    if (refused.has(key)) continue;
    refused.add(key);
    failures = recordRefusal(failures, addr, error);
    turn.tell([pending.request.id], { type: 'dial:refuse', addr: key }, error);
  }
  return turn.put({ ...pending, refused, failures });
}

/** A new address: tracked with the options of who brought it, queued with its delay from the worker's start (WORK-3). */
function track<C extends DialedConnection>(
  turn: DialTurn<C>,
  pending: PendingDial,
  { addr, delayMs }: PlannedDial,
): PendingDial {
  const { request } = pending;
  const key = addr.toString();
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
    if (dial.startedAt !== undefined) turn.retell(id, { type: 'dial:attempt', addr: key });
  }
  if (dial.stage === 'queued') {
    const takesOver =
      options.simultaneousConnect !== undefined && dial.request.options.simultaneousConnect === undefined;
    // The role, and no more: whose back-off does not hold, and what else was asked, stays as it was.
    const inRole = { ...dial.request.options, simultaneousConnect: options.simultaneousConnect };
    if (takesOver) turn.place(key, { ...dial, request: { ...request, options: inRole }, delayMs });
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
  turn.retell(pending.request.id, { type: 'dial:fail', addr: key, afterMs: 0 }, error);
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
