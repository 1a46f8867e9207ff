/**
 * One turn of the dial worker, and the moves that it consists of. Time is given. The maps are the worker's own and are
 * handed on from turn to turn instead of being copied (a state is used once): ten thousand callers of one peer would
 * copy each other. Everything in them is a value. @source go-libp2p swarm, dial worker
 */
import { isPublic } from '../core/address-class.js';
import { Libp2pError, TimeoutError } from '../core/errors.js';
import type { Turn } from '../core/machine.js';
import { NO_FAILURES, recordFailure } from './dial-failures.js';
import { nextBatch, updateOrAdd, type Queued } from './dial-queue.js';
import type {
  DialedConnection,
  DialFact,
  DialOutcome,
  DialOutput,
  DialRequest,
  DialState,
  DialTask,
  PendingDial,
  TrackedDial,
} from './dial-state.js';

/** How much longer the others wait while a public address's handshake is under way. @source WORK-7 */
const HANDSHAKE_GRACE_MS = 250;

export class DialTurn<C extends DialedConnection> {
  readonly pending: DialState<C>['pending'];
  readonly tracked: DialState<C>['tracked'];
  queue: readonly Queued[];
  everConnected: boolean;
  timerAt: number | undefined;
  private readonly startedAt: number;
  /** No deadline is earlier; the first may have left since. */
  private deadlineAt: number;
  private readonly running: Set<DialTask>;
  private readonly started = new Set<DialTask>();
  private readonly cancelled: DialTask[] = [];
  /** Those that have answered, and need nothing more. */
  private readonly answered: DialTask[] = [];
  private readonly outputs: DialOutput<C>[] = [];

  constructor(
    before: DialState<C>,
    readonly now: number,
  ) {
    this.running = before.running;
    this.pending = before.pending;
    this.tracked = before.tracked;
    this.deadlineAt = before.deadlineAt;
    this.queue = before.queue;
    this.everConnected = before.everConnected;
    this.timerAt = before.timerAt;
    this.startedAt = before.startedAt ?? now;
  }

  // ── requests ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /** A request becomes pending, and its strategy runs. */
  plan(request: DialRequest): void {
    const planning = { type: 'plan', request } as const;
    this.run(planning);
    this.put({
      request,
      startedAt: this.now,
      deadlineAt: this.now + request.timeoutMs,
      planning,
      waiting: new Set(),
      failures: NO_FAILURES,
      hadDials: false,
      refused: new Set(),
      seen: new Set(),
    });
  }

  planned(pending: PendingDial): PendingDial {
    if (pending.planning !== undefined) this.drop(pending.planning);
    return this.put({ ...pending, planning: undefined });
  }

  put(pending: PendingDial): PendingDial {
    this.deadlineAt = Math.min(this.deadlineAt, pending.deadlineAt);
    this.pending.set(pending.request.id, pending);
    return pending;
  }

  waitersOf(key: string): PendingDial[] {
    return [...this.pending.values()].filter(({ waiting }) => waiting.has(key));
  }

  /** The connection that an attempt brought, while it is open. */
  reached(key: string): C | undefined {
    const connection = this.tracked.get(key)?.connection;
    return connection?.isClosed === true ? undefined : connection;
  }

  /** Whom an attempt concerns: those that wait for it; else the oldest request, for which the dial goes on (SYNC-6). */
  audience(key: string): readonly string[] {
    const waiting = this.waitersOf(key).map(({ request }) => request.id);
    return waiting.length > 0 ? waiting : [...this.pending.keys()].slice(0, 1);
  }

  tell(ids: readonly string[], fact: DialFact, error?: Error): void {
    if (ids.length > 0) this.outputs.push({ type: 'tell', ids, fact, ...(error && { error }) });
  }

  /** What others were told before this request came. */
  retell(id: string, fact: DialFact, error?: Error): void {
    this.outputs.push({ type: 'tell', ids: [id], fact, again: true, ...(error && { error }) });
  }

  say(output: DialOutput<C>): void {
    this.outputs.push(output);
  }

  /** These requests are over. With the last of them everything that still runs for this peer is over too. */
  end(ids: readonly string[], outcome: DialOutcome<C>): void {
    const over = ids.flatMap((id) => this.pending.get(id) ?? []);
    for (const pending of over) {
      if (pending.planning !== undefined) this.drop(pending.planning);
      this.pending.delete(pending.request.id);
    }
    if (this.pending.size === 0) this.cancelAll(over.map(({ request }) => request.id));
    for (const { request, startedAt } of over)
      this.outputs.push({ type: 'end', id: request.id, afterMs: this.now - startedAt, ...outcome });
  }

  // ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** An address gets its place in the queue, or another one. */
  place(key: string, dial: TrackedDial<C>): void {
    this.tracked.set(key, dial);
    this.queue = updateOrAdd(this.queue, key, dial.delayMs);
  }

  /** The whole batch that has the smallest delay begins (WORK-5). */
  startBatch(): void {
    const { batch, rest } = nextBatch(this.queue);
    this.queue = rest;
    for (const key of batch) {
      const dial = this.tracked.get(key);
      if (dial === undefined) continue;
      const { addr, request } = dial;
      const task = { type: 'attempt', key, addr, request } as const;
      this.run(task);
      this.tracked.set(key, { ...dial, stage: 'running', task });
    }
  }

  /** An attempt has its permits: its time counts from here. */
  began(key: string, dial: TrackedDial<C>): void {
    this.tracked.set(key, { ...dial, startedAt: this.now });
    this.tell(this.audience(key), { type: 'dial:attempt', addr: key });
  }

  progressed(key: string, dial: TrackedDial<C>): void {
    const expectedAt = isPublic(dial.addr) ? this.now + HANDSHAKE_GRACE_MS : undefined;
    this.tracked.set(key, { ...dial, expectedAt });
  }

  /** The attempt is over; what it left behind is remembered. */
  settle(
    key: string,
    dial: TrackedDial<C>,
    result: { readonly connection: C } | { readonly error: Error },
  ): void {
    if (dial.task !== undefined && this.running.delete(dial.task)) this.answered.push(dial.task);
    this.tracked.set(key, {
      ...dial,
      stage: 'connection' in result ? 'connected' : 'failed',
      task: undefined,
      expectedAt: undefined,
      ...result,
    });
  }

  msSinceStart({ startedAt = this.now }: TrackedDial<C>): number {
    return this.now - startedAt;
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** When the next batch is due: at once where nothing runs and nothing ever connected (WORK-4). */
  schedule(): void {
    const [next] = this.queue;
    if (next === undefined) this.timerAt = undefined;
    else {
      const running = [...this.tracked.values()].filter(({ stage }) => stage === 'running');
      this.timerAt =
        running.length === 0 && !this.everConnected
          ? this.now
          : running.reduce(
              (at, { expectedAt = at }) => Math.max(at, expectedAt),
              this.startedAt + next.delayMs,
            );
    }
  }

  /** Requests whose time is up: what they still waited for shows in their error. */
  expire(): void {
    if (this.deadlineAt > this.now) return;
    this.deadlineAt = Infinity;
    for (const pending of [...this.pending.values()]) {
      this.deadlineAt = Math.min(
        this.deadlineAt,
        pending.deadlineAt > this.now ? pending.deadlineAt : Infinity,
      );
      if (pending.deadlineAt > this.now) continue;
      const { request, startedAt } = pending;
      const late = new TimeoutError(
        `dialing ${[...pending.waiting].join(', ') || 'the peer'}`,
        this.now - startedAt,
      );
      const failures = [...pending.waiting].reduce((list, key) => {
        const dial = this.tracked.get(key);
        return dial === undefined ? list : recordFailure(list, dial.addr, unfinished(dial));
      }, pending.failures);
      this.end([request.id], { outcome: 'failed', failure: { cause: late, failures } });
    }
  }

  leave(done: boolean): Turn<DialState<C>, DialOutput<C>, DialTask> {
    const { pending, tracked, queue, everConnected, timerAt, startedAt, outputs, running } = this;
    const deadlineAt = pending.size === 0 ? Infinity : this.deadlineAt;
    const wakeAt = Math.min(timerAt ?? Infinity, deadlineAt);
    return {
      state: { startedAt, pending, tracked, queue, everConnected, timerAt, deadlineAt, running },
      outputs,
      running,
      // Behind the others, who would get the permit that it gives back.
      changes: { started: [...this.started], cancelled: [...this.cancelled, ...this.answered] },
      wakeAt: wakeAt === Infinity ? undefined : wakeAt,
      done,
    };
  }

  private run(task: DialTask): void {
    this.running.add(task);
    this.started.add(task);
  }

  private drop(task: DialTask): void {
    this.running.delete(task);
    if (!this.started.delete(task)) this.cancelled.push(task);
  }

  private cancelAll(ids: readonly string[]): void {
    // The last first: what waits for a permit must not get that of another on its way out.
    for (const task of [...this.running].reverse()) this.drop(task);
    for (const [key, { stage, startedAt }] of [...this.tracked]) {
      if (stage === 'running' && startedAt !== undefined) this.tell(ids, { type: 'dial:cancel', addr: key });
      // What was not finished may be tried again by whoever comes before the worker is gone.
      if (stage === 'running' || stage === 'queued') this.tracked.delete(key);
    }
    this.queue = [];
    this.timerAt = undefined;
  }
}

function unfinished({ startedAt }: TrackedDial<unknown>): Error {
  const what = startedAt !== undefined ? 'it had not answered' : 'it had not been dialed';
  return new Libp2pError('ERR_TIMEOUT', 'network', `${what} when the dial's time was up`);
}
