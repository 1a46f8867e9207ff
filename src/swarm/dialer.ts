/**
 * Every wish to reach a peer, as one stream of requests; `groupBy` peer gives each peer one worker that its callers share
 * and that lives until the last of them has left. @source go-libp2p swarm, dial-sync (SYNC-1 to SYNC-8)
 */
import {
  catchError,
  concat,
  EMPTY,
  filter,
  groupBy,
  ignoreElements,
  map,
  mergeMap,
  Observable,
  of,
  scan,
  Subject,
  tap,
  type GroupedObservable,
} from 'rxjs';
import type { DialEvent } from '../core/events.js';
import { asError, codeOf, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { DialError } from '../core/dial-error.js';
import { inTurn } from '../rx/in-turn.js';
import type { DialedConnection, DialFailure, DialInput, DialOutput, DialRequest } from './dial-state.js';
import { dialWorker, type DialWorkerDeps } from './dial-worker.js';
import type { EventFields, EventLog, ToldEvent } from './event-log.js';

export interface DialerDeps<C> extends DialWorkerDeps<C> {
  readonly log: EventLog;
  /** The whole dial, where the call says nothing. */
  readonly peerTimeoutMs: number;
}
export type DialCall = Pick<DialRequest, 'options' | 'addr$'> & { readonly peer: PeerId };

type DialMessage =
  | { readonly type: 'request'; readonly peer: PeerId; readonly request: DialRequest }
  | { readonly type: 'leave'; readonly peer: PeerId; readonly id: string };
interface Caller<C> {
  readonly id: string;
  readonly peer: PeerId;
  readonly startedAt: number;
  /** Hears the events of its dial, under its own id. */
  readonly tell?: ((event: DialEvent) => void) | undefined;
  /** Nothing: it was cancelled. */
  readonly settled: (result: DialResult<C> | undefined) => void;
  /** Whether a worker counts it. */
  isIn: boolean;
}
type DialResult<C> = { readonly connection: C } | { readonly error: Error };

export class Dialer<C extends DialedConnection> {
  /** Works while subscribed, for everybody; emits nothing. Unsubscribing cancels every dial; whoever waits gets an error. */
  readonly work$: Observable<never>;
  private readonly intake = new Subject<DialMessage>();
  /** Until the end of their dial was told. */
  private readonly callers = new Map<string, Caller<C>>();
  private nextId = 1;
  private stopped: Error | undefined;

  constructor(private readonly deps: DialerDeps<C>) {
    const worker$ = this.intake.pipe(
      inTurn(),
      groupBy(({ peer }) => peer.toString(), { duration: whenAllHaveLeft }),
      // As many workers as peers are being dialed: the callers' doing, never a remote's.
      mergeMap((ofPeer$) => this.worker(ofPeer$)),
    );
    this.work$ = new Observable<never>((subscriber) => {
      const working = worker$.subscribe({
        error: (error: unknown) => {
          subscriber.error(error);
        },
      });
      return () => {
        // Nobody gets the descriptor of another on the way out (LIM-6).
        deps.descriptors.hold(() => {
          working.unsubscribe();
        });
        for (const caller of [...this.callers.values()]) this.refuse(caller, this.stopped ?? notAtWork());
      };
    });
  }

  /** Callers whose dial has not ended, for whoever counts that nothing is left behind. */
  get pending(): number {
    return this.callers.size;
  }

  /** Emits one connection and completes. Errors with `DialError`, never inside `subscribe`. Unsubscribing leaves the dial. */
  dial(call: DialCall): Observable<C> {
    return new Observable<C>((subscriber) =>
      this.enter(call, undefined, (result) => {
        if (result === undefined) return;
        if ('connection' in result) {
          subscriber.next(result.connection);
          subscriber.complete();
        } else
          subscriber.add(
            this.deps.scheduler.schedule(() => {
              subscriber.error(result.error);
            }, 0),
          );
      }),
    );
  }

  /** The events of a dial, `dial:end` last; never errors. Its signal cancels it, and so says its end. Unsubscribing leaves the dial. */
  updates(call: DialCall): Observable<DialEvent> {
    return new Observable<DialEvent>((subscriber) => {
      const leave = this.enter(
        call,
        (event) => {
          subscriber.next(event);
        },
        () => {
          subscriber.complete();
        },
      );
      subscriber.add(leave);
      const { signal } = call.options;
      // Never inside `subscribe`.
      if (signal?.aborted === true) subscriber.add(this.deps.scheduler.schedule(leave, 0));
      signal?.addEventListener('abort', leave);
      subscriber.add(() => signal?.removeEventListener('abort', leave));
    });
  }

  /** The only news of a dial that could not begin. */
  refused(thrown: unknown): Observable<DialEvent> {
    return new Observable<DialEvent>((subscriber) => {
      const error = asError(thrown);
      const { message } = error;
      const end = { type: 'dial:end', outcome: 'failed', afterMs: 0, code: codeOf(error), message } as const;
      this.deps.log.say({ ...end, peer: '', dialId: this.newId() }, { error }, (event) => {
        subscriber.next(event as unknown as DialEvent);
        subscriber.complete();
      });
    });
  }

  /** Every dial is cancelled, and its caller gets `error`; so does everybody who comes later. */
  stop(error: Error): void {
    this.stopped = error;
    this.deps.descriptors.hold(() => {
      for (const caller of [...this.callers.values()]) this.leave(caller);
    });
  }

  private enter(
    { peer, options, addr$ }: DialCall,
    tell: Caller<C>['tell'],
    settled: Caller<C>['settled'],
  ): () => void {
    const { scheduler, peerTimeoutMs } = this.deps;
    const id = this.newId();
    const timeoutMs = options.timeoutMs ?? peerTimeoutMs;
    const refusal = this.stopped ?? (this.intake.observed ? wrongTimeout(timeoutMs) : notAtWork());
    const isIn = refusal === undefined;
    const caller: Caller<C> = { id, peer, startedAt: scheduler.now(), tell, settled, isIn };
    this.callers.set(id, caller);
    if (refusal !== undefined) this.refuse(caller, refusal);
    else this.intake.next({ type: 'request', peer, request: { id, peer, options, timeoutMs, addr$ } });
    return () => {
      this.leave(caller);
    };
  }

  /** Once: a worker counts its callers. @source SYNC-5 */
  private leave(caller: Caller<C>): void {
    const { id, peer, isIn } = caller;
    caller.isIn = false;
    if (isIn) this.intake.next({ type: 'leave', peer, id });
  }

  private newId(): string {
    const id = `dial-${String(this.nextId)}`;
    this.nextId += 1;
    return id;
  }

  // ── workers ────────────────────────────────────────────────────────────────────────────────────────────────────────
  private worker(ofPeer$: GroupedObservable<string, DialMessage>): Observable<never> {
    const input$ = concat(ofPeer$.pipe(map(inputOf<C>)), of<DialInput<C>>({ type: 'close' }));
    return dialWorker(input$, this.deps).pipe(
      tap((output) => {
        this.deliver(output);
      }),
      ignoreElements(),
      // A rule that throws is a defect of ours: it costs this peer's callers their dial, and nobody else anything.
      catchError((error: unknown) => {
        this.deps.log.unhandled(error);
        const callers = [...this.callers.values()].filter(({ peer }) => peer.toString() === ofPeer$.key);
        // All of them, before one of them can come again.
        for (const caller of callers) this.leave(caller);
        for (const caller of callers) this.refuse(caller, asError(error));
        return EMPTY;
      }),
    );
  }

  private deliver(output: DialOutput<C>): void {
    const { backoff, scheduler } = this.deps;
    if (output.type === 'tell') this.tell(output);
    else if (output.type === 'back-off') backoff.add(output.peer.toString(), output.key, scheduler.now());
    else this.end(output);
  }

  private end({ id, afterMs, ...outcome }: Extract<DialOutput<C>, { type: 'end' }>): void {
    const caller = this.callers.get(id);
    if (caller === undefined) return;
    // DIAL-3
    if (this.stopped !== undefined) this.refuse(caller, this.stopped, afterMs);
    else if (outcome.outcome === 'failed')
      this.refuse(caller, this.dialError(caller.peer, outcome.failure), afterMs);
    else {
      this.tell({ ids: [id], fact: { type: 'dial:end', outcome: outcome.outcome, afterMs } });
      this.settle(caller, outcome.outcome === 'cancelled' ? undefined : outcome);
    }
  }

  private refuse(
    caller: Caller<C>,
    error: Error,
    afterMs = this.deps.scheduler.now() - caller.startedAt,
  ): void {
    this.tell({ ids: [caller.id], fact: { type: 'dial:end', outcome: 'failed', afterMs }, error });
    this.settle(caller, { error });
  }

  /**
   * Behind the events that led to it. The caller leaves first: if it dials again inside its answer, that is another dial
   * and not the rest of this one (SYNC-5).
   */
  private settle(caller: Caller<C>, result: DialResult<C> | undefined): void {
    this.callers.delete(caller.id);
    this.leave(caller);
    this.deps.log.emissions.run(() => {
      caller.settled(result);
    });
  }

  private dialError(peer: PeerId, { cause, failures }: DialFailure): DialError {
    const { backoff, scheduler } = this.deps;
    const now = scheduler.now();
    const ends = failures.errors.flatMap(
      ({ addr }) => backoff.blockedUntil(peer.toString(), addr.toString(), now) ?? [],
    );
    const retryAfterMs = ends.length === 0 ? undefined : Math.min(...ends) - now;
    const code = cause instanceof Libp2pError ? cause.code : 'ERR_DIAL_FAILED';
    return new DialError({ peer, cause, code, ...failures, retryAfterMs });
  }

  // ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** To the public once, under the first id; to each caller that listens under its own. */
  private tell({ ids, fact, error, again }: Told<C>): void {
    const callers = ids.flatMap((id) => this.callers.get(id) ?? []);
    const [first] = callers;
    const { log } = this.deps;
    const listening = callers.filter(({ tell }) => tell !== undefined);
    if (first === undefined || ((!log.observed || again === true) && listening.length === 0)) return;
    const failed = error && { code: codeOf(error), message: error.message };
    const { id: dialId, peer } = first;
    // The fields are those of one variant of the union, with what every dial's event has.
    const fields = { ...fact, ...failed, peer: peer.toString(), dialId } as unknown as EventFields;
    const live = { peerId: peer, error };
    const retell = (event: ToldEvent): void => {
      // It was made as one of a dial's events.
      for (const caller of listening)
        caller.tell?.((caller === first ? event : event.with({ dialId: caller.id })) as DialEvent);
    };
    if (again === true) log.repeat(fields, live, retell);
    else log.say(fields, live, listening.length === 0 ? undefined : retell);
  }
}

type Told<C> = Omit<Extract<DialOutput<C>, { type: 'tell' }>, 'type'>;

const inputOf = <C>(message: DialMessage): DialInput<C> =>
  message.type === 'request' ? message : { type: 'withdraw', id: message.id };

/** Every caller asks once and leaves once. @source SYNC-5 */
function whenAllHaveLeft(message$: Observable<DialMessage>): Observable<unknown> {
  return message$.pipe(
    scan((callers, { type }) => callers + (type === 'request' ? 1 : -1), 0),
    filter((callers) => callers === 0),
  );
}

function wrongTimeout(timeoutMs: number): Error | undefined {
  return timeoutMs >= 0
    ? undefined
    : new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `timeoutMs is ${String(timeoutMs)}; it takes ms, a number from 0 on`,
      );
}

function notAtWork(): Error {
  return new Libp2pError('ERR_HOST_STOPPED', 'local', 'nobody dials any more');
}
