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
import type {
  DialedConnection,
  DialFact,
  DialFailure,
  DialInput,
  DialOutput,
  DialRequest,
} from './dial-state.js';
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
  readonly peer: PeerId;
  readonly startedAt: number;
  /** Hears the events of its dial, under its own id. */
  readonly tell?: ((event: DialEvent) => void) | undefined;
  readonly settled: (result: { readonly connection: C } | { readonly error: Error }) => void;
}

export class Dialer<C extends DialedConnection> {
  /** Works while subscribed, for everybody; emits nothing. Unsubscribing cancels every dial. */
  readonly work$: Observable<never>;
  private readonly intake = new Subject<DialMessage>();
  private readonly callers = new Map<string, Caller<C>>();
  private nextId = 1;
  private stopped: Error | undefined;

  constructor(private readonly deps: DialerDeps<C>) {
    this.work$ = this.intake.pipe(
      inTurn(),
      groupBy(({ peer }) => peer.toString(), { duration: whenAllHaveLeft }),
      // As many workers as peers are being dialed: the callers' doing, never a remote's.
      mergeMap((ofPeer$) => this.worker(ofPeer$)),
    );
  }

  /** Callers and workers under way, for whoever counts that nothing is left behind. */
  get pending(): number {
    return this.callers.size;
  }

  /** Emits one connection and completes. Errors with `DialError`, never inside `subscribe`. Unsubscribing leaves the dial. */
  dial(call: DialCall): Observable<C> {
    return new Observable<C>((subscriber) =>
      this.enter(call, undefined, (result) => {
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

  /** The events of a dial, `dial:end` last; never errors. Unsubscribing leaves the dial. */
  updates(call: DialCall): Observable<DialEvent> {
    return new Observable<DialEvent>((subscriber) =>
      this.enter(
        call,
        (event) => {
          subscriber.next(event);
        },
        () => {
          subscriber.complete();
        },
      ),
    );
  }

  /** The only news of a dial that could not begin. Never inside `subscribe`. */
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

  /** Every caller gets `error`, and so does everybody who comes later. */
  stop(error: Error): void {
    this.stopped = error;
    for (const id of [...this.callers.keys()]) this.refuse(id, error);
  }

  private enter(
    { peer, options, addr$ }: DialCall,
    tell: Caller<C>['tell'],
    settled: Caller<C>['settled'],
  ): () => void {
    const id = this.newId();
    const timeoutMs = options.timeoutMs ?? this.deps.peerTimeoutMs;
    this.callers.set(id, { peer, startedAt: this.deps.scheduler.now(), tell, settled });
    if (this.stopped === undefined)
      this.intake.next({ type: 'request', peer, request: { id, peer, options, timeoutMs, addr$ } });
    else this.refuse(id, this.stopped);
    return () => {
      this.intake.next({ type: 'leave', peer, id });
      this.callers.delete(id);
    };
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
        for (const [id, { peer }] of [...this.callers])
          if (peer.toString() === ofPeer$.key) this.refuse(id, asError(error));
        return EMPTY;
      }),
    );
  }

  private deliver(output: DialOutput<C>): void {
    const { backoff, scheduler } = this.deps;
    if (output.type === 'tell') this.tell(output.ids, output.fact, output.error);
    else if (output.type === 'back-off') backoff.add(output.peer.toString(), output.key, scheduler.now());
    else this.end(output);
  }

  private end({ id, afterMs, ...outcome }: Extract<DialOutput<C>, { type: 'end' }>): void {
    if (outcome.outcome === 'failed') {
      const peer = this.callers.get(id)?.peer;
      if (peer !== undefined) this.refuse(id, this.dialError(peer, outcome.failure), afterMs);
      return;
    }
    this.tell([id], { type: 'dial:end', outcome: outcome.outcome, afterMs });
    if (outcome.outcome !== 'cancelled') this.settle(id, outcome);
  }

  private refuse(id: string, error: Error, afterMs?: number): void {
    const caller = this.callers.get(id);
    if (caller === undefined) return;
    const elapsedMs = afterMs ?? this.deps.scheduler.now() - caller.startedAt;
    this.tell([id], { type: 'dial:end', outcome: 'failed', afterMs: elapsedMs }, error);
    this.settle(id, { error });
  }

  /** Behind the events that led to it. */
  private settle(id: string, result: Parameters<Caller<C>['settled']>[0]): void {
    this.deps.log.emissions.run(() => {
      this.callers.get(id)?.settled(result);
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
  private tell(ids: readonly string[], fact: DialFact, error?: Error): void {
    const [first] = ids;
    const caller = first === undefined ? undefined : this.callers.get(first);
    const { log } = this.deps;
    const listening = ids.filter((id) => this.callers.get(id)?.tell !== undefined);
    if (first === undefined || caller === undefined || (!log.observed && listening.length === 0)) return;
    const failed = error && { code: codeOf(error), message: error.message };
    const { peer } = caller;
    // The fields are those of one variant of the union, with what every dial's event has.
    const fields = { ...fact, ...failed, peer: peer.toString(), dialId: first } as unknown as EventFields;
    const retell = (event: ToldEvent): void => {
      for (const id of listening)
        // It was made as one of a dial's events.
        this.callers.get(id)?.tell?.((id === first ? event : event.with({ dialId: id })) as DialEvent);
    };
    log.say(fields, { peerId: peer, error }, listening.length === 0 ? undefined : retell);
  }
}

const inputOf = <C>(message: DialMessage): DialInput<C> =>
  message.type === 'request' ? message : { type: 'withdraw', id: message.id };

/** Every caller asks once and leaves once. @source SYNC-5 */
function whenAllHaveLeft(message$: Observable<DialMessage>): Observable<unknown> {
  return message$.pipe(
    scan((callers, { type }) => callers + (type === 'request' ? 1 : -1), 0),
    filter((callers) => callers === 0),
  );
}
