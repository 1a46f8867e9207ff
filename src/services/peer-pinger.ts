/** All that ping one peer, on one stream, one at a time. @source libp2p ping specification; reliability limits, counts */
import {
  catchError,
  concatMap,
  defer,
  map,
  Observable,
  tap,
  throwError,
  timeout,
  type SchedulerLike,
  type Subscriber,
} from 'rxjs';
import { codeOf, Libp2pError, TimeoutError } from '../core/errors.js';
import { ownBytes } from '../core/bytes.js';
import type { RandomSource } from '../core/identity.js';
import type { Stream } from '../core/stream-contract.js';
import { PING, PING_BYTES, PingExchange } from '../protocols/ping/ping-codec.js';
import { Permits } from '../rx/permits.js';
import { withPermit } from '../rx/with-permit.js';
import type { HostConnection } from '../connection/connection.js';

/** @source reliability limits, times */
const REPLY_MS = 10_000;
/** What a remote's end of the stream looks like from here. */
const ENDED: ReadonlySet<string> = new Set([
  'ERR_UNEXPECTED_END',
  'ERR_STREAM_RESET',
  'ERR_STREAM_IDLE',
  'ERR_CONNECTION_CLOSED',
]);

export class PeerPinger {
  users = 0;
  private readonly turn = new Permits(1);
  private stream: Stream | undefined;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly random: RandomSource,
  ) {}

  /**
   * One ping, ms: on the stream that is there, or on a new one of `connection`. Remotes end streams that have lasted a
   * while (go-libp2p's after 30 s), so one that turns out to be over is replaced once.
   */
  once(connection: HostConnection): Observable<number> {
    return defer(() => {
      const { stream } = this;
      if (stream === undefined) return this.onNewStream(connection);
      return this.exchange(stream).pipe(
        catchError((error: unknown) =>
          ENDED.has(codeOf(error)) && !connection.isClosed
            ? this.onNewStream(connection)
            : throwError(() => error),
        ),
      );
    }).pipe(withPermit(this.turn));
  }

  /** Nobody pings any more. */
  close(): void {
    this.stream?.close();
    this.stream = undefined;
  }

  private onNewStream(connection: HostConnection): Observable<number> {
    return connection.newStream(PING, { runOnLimitedConnection: true }).pipe(
      tap((stream) => {
        this.stream = stream;
      }),
      concatMap((stream) => this.exchange(stream)),
    );
  }

  private exchange(stream: Stream): Observable<number> {
    const late = (): Observable<never> => throwError(() => new TimeoutError('ping', REPLY_MS, 'remote'));
    return new Observable<number>((subscriber) => this.converse(stream, subscriber)).pipe(
      timeout({ first: REPLY_MS, scheduler: this.scheduler, with: late }),
    );
  }

  /** Whatever goes wrong, and whoever leaves in the middle, ends the stream. */
  private converse(stream: Stream, caller: Subscriber<number>): () => void {
    const exchange = new PingExchange();
    let reason: unknown = new Error('the ping was given up');
    const fail = (error: unknown): void => {
      reason = error;
      caller.error(error);
    };
    const reading = stream.pipe(map((bytes) => exchange.push(bytes, this.scheduler.now()))).subscribe({
      next: (ms) => {
        if (ms === undefined) return;
        reason = undefined;
        caller.next(ms);
        caller.complete();
      },
      error: fail,
      complete: () => {
        fail(
          new Libp2pError('ERR_UNEXPECTED_END', 'remote', 'the stream ended before the ping was answered'),
        );
      },
    });
    if (!caller.closed) stream.next(exchange.begin(ownBytes(this.random(PING_BYTES)), this.scheduler.now()));
    return () => {
      reading.unsubscribe();
      if (reason === undefined) return;
      if (this.stream === stream) this.stream = undefined;
      stream.error(reason);
    };
  }
}
