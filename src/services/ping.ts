/** Ping: is the other end alive, and how far away. @source libp2p ping specification (PING-1 to PING-6) */
import {
  catchError,
  defer,
  EMPTY,
  filter,
  finalize,
  ignoreElements,
  map,
  mergeMap,
  of,
  repeat,
  switchMap,
  takeUntil,
  tap,
  timeout,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';
import type { Stream } from '../core/stream-contract.js';
import type { Target } from '../core/target.js';
import { PING, PingEcho } from '../protocols/ping/ping-codec.js';
import { withLimits } from '../rx/call-limits.js';
import { guard } from '../rx/guarded.js';
import { withStream } from '../stream/serve.js';
import type { HostConnection } from '../connection/connection.js';
import type { PingOptions, PingService } from './contract.js';
import type { ServiceDeps } from './deps.js';
import { PeerPinger } from './peer-pinger.js';
import { StreamSlots } from './stream-slots.js';

/** Streams that one peer pings us on. @source reliability limits, counts */
const MAX_ANSWERED = 2;
/** A stream ends when it is not used so long, or has lasted so long. @source go-libp2p ping (PING-2) */
const IDLE_MS = 10_000;
const LASTING_MS = 30_000;
const EVERY_MS = 1000;

export class Ping implements PingService {
  private readonly pingers = new Map<string, PeerPinger>();
  private readonly answering: StreamSlots;

  constructor(private readonly deps: ServiceDeps) {
    this.answering = new StreamSlots(MAX_ANSWERED, deps.log);
  }

  /** Answers until unsubscribed. */
  start(): Subscription {
    return this.deps.router
      .handle(PING, { runOnLimitedConnection: true })
      .pipe(
        filter((stream) => this.answering.admit(stream)),
        mergeMap((stream) => this.answer(stream)),
      )
      .subscribe({ error: this.deps.report });
  }

  readonly ping = (target: Target, options: PingOptions = {}): Observable<number> => {
    const { signal, timeoutMs, count, everyMs = EVERY_MS } = options;
    const times$ = defer(() => {
      checkNumbers(count, everyMs);
      return this.deps
        .connect(target)
        .pipe(switchMap((connection) => this.rounds(target, connection, count, everyMs)));
    });
    return guard(withLimits(times$, { signal, timeoutMs }, 'ping', this.deps.scheduler), this.deps.report);
  };

  private rounds(
    target: Target,
    first: HostConnection,
    count: number | undefined,
    everyMs: number,
  ): Observable<number> {
    const { scheduler, peerStore, connect } = this.deps;
    const pinger = this.enter(first);
    let startedAt = 0;
    const once$ = defer(() => {
      startedAt = scheduler.now();
      return first.isClosed
        ? connect(target).pipe(switchMap((next) => pinger.once(next)))
        : pinger.once(first);
    });
    const delay = (): Observable<unknown> =>
      timer(Math.max(0, startedAt + everyMs - scheduler.now()), scheduler);
    return once$.pipe(
      tap((ms) => peerStore.recordRtt?.(first.remotePeer, ms)),
      repeat(count === undefined ? { delay } : { count, delay }),
      finalize(() => {
        this.leave(first, pinger);
      }),
    );
  }

  private enter(connection: HostConnection): PeerPinger {
    const peer = connection.remotePeer.toString();
    const pinger = this.pingers.get(peer) ?? new PeerPinger(this.deps.scheduler, this.deps.random);
    this.pingers.set(peer, pinger);
    pinger.users += 1;
    return pinger;
  }

  private leave({ remotePeer }: HostConnection, pinger: PeerPinger): void {
    pinger.users -= 1;
    if (pinger.users > 0) return;
    pinger.close();
    this.pingers.delete(remotePeer.toString());
  }

  /** Whole blocks go back, while there is room for them; a stream that failed is over, and nobody else is. */
  private answer(stream: Stream): Observable<never> {
    const { scheduler } = this.deps;
    return of(stream).pipe(
      withStream((pinged) => {
        const echo = new PingEcho();
        return pinged.read(pinged.room$).pipe(
          map((bytes) => echo.push(bytes)),
          filter(({ byteLength }) => byteLength > 0),
          timeout({ each: IDLE_MS, scheduler, with: () => EMPTY }),
          tap((blocks) => {
            pinged.next(blocks);
          }),
          takeUntil(timer(LASTING_MS, scheduler)),
        );
      }),
      ignoreElements(),
      catchError(() => EMPTY),
    );
  }
}

function checkNumbers(count: unknown, everyMs: unknown): void {
  const isCount = count === undefined || (Number.isSafeInteger(count) && Number(count) > 0);
  if (!isCount) throw invalid(`count is ${show(count)}; it takes a whole number from 1 on`);
  if (typeof everyMs !== 'number' || !Number.isFinite(everyMs) || everyMs < 0)
    throw invalid(`everyMs is ${show(everyMs)}; it takes a number from 0 on`);
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `ping: ${message}`);
}
