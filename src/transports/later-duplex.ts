/** A channel that is there before it is known what it will be: the first bytes, or a handshake, have to tell. */
import { catchError, concat, defer, EMPTY, of, ReplaySubject, switchMap, type Observable } from 'rxjs';
import type { Bytes, Duplex, PlainChannel, Writable } from '../core/duplex.js';
import { asError } from '../core/errors.js';

export class LaterDuplex implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      // No more than an upgrade says before it has heard anything.
      if (this.channel === undefined) this.held.push(bytes);
      else this.channel.sink.next(bytes);
    },
    complete: (): void => {
      this.ended = true;
      this.channel?.sink.complete();
    },
    error: (error: unknown): void => {
      if (this.channel === undefined) this.fail(asError(error));
      else this.channel.sink.error(error);
    },
  };
  private channel: Duplex | undefined;
  private held: Writable[] = [];
  private ended = false;
  private failed = false;
  private readonly settled = new ReplaySubject<Duplex>(1);

  /** `destroy` is called once, if it has failed before it was known what it will be. */
  constructor(private readonly destroy: (error: Error) => void) {}

  /** What it is. */
  attach(channel: Duplex): void {
    if (this.failed) {
      channel.sink.error(new Error('it has failed meanwhile'));
      return;
    }
    this.channel = channel;
    for (const bytes of this.held.splice(0)) channel.sink.next(bytes);
    if (this.ended) channel.sink.complete();
    this.settled.next(channel);
    this.settled.complete();
  }

  /** It will be nothing. `destroy` may end it more kindly. */
  fail(error: Error, destroy = this.destroy): void {
    if (this.isSettled) return;
    this.failed = true;
    this.held = [];
    destroy(error);
    this.settled.error(error);
  }

  get isSettled(): boolean {
    return this.failed || this.channel !== undefined;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return defer(
      () => this.channel?.read(room$) ?? this.settled.pipe(switchMap((channel) => channel.read(room$))),
    );
  }

  get room$(): Observable<boolean> {
    if (this.channel !== undefined) return this.channel.room$;
    const room$ = this.settled.pipe(
      switchMap((channel) => channel.room$),
      catchError(() => EMPTY),
    );
    return concat(of(true), room$);
  }

  get plain(): PlainChannel | undefined {
    return this.channel?.plain;
  }

  get below(): Duplex | undefined {
    return this.channel;
  }

  release(unread?: Bytes): unknown {
    return this.channel?.release?.(unread);
  }
}
