import {
  from,
  mergeMap,
  Observable,
  type ObservableInput,
  type Observer,
  type OperatorFunction,
  type Subscriber,
  type Subscription,
  type Unsubscribable,
} from 'rxjs';
import type { Stream } from '../core/stream-contract.js';
import { asError } from '../core/errors.js';
import { derive } from '../rx/guarded.js';

/** What a stream has of its host for its handler's failures. */
interface TellsHandlerErrors {
  handlerFailed(error: Error): void;
}

/**
 * Runs `handler` for every stream and owns the stream meanwhile: what it returns completes, the stream is closed; it
 * errors or is unsubscribed, the stream is reset, and the failure is a `handler:error` event; all others go on. Emits
 * nothing; completes when the source has and every handler is done.
 *
 * @example
 * ```ts
 * import { createHost, serve } from 'rx-libp2p';
 *
 * const host = await createHost();
 * // An async function, a promise, an Observable: the stream is closed when it is done.
 * host
 *   .handle('/sum/1.0.0')
 *   .pipe(
 *     serve(async (stream) => {
 *       let sum = 0;
 *       for await (const chunk of stream) for (const byte of chunk) sum += byte;
 *       stream.next(Uint8Array.of(sum));
 *     }),
 *   )
 *   .subscribe();
 * ```
 */
export function serve(
  handler: (stream: Stream) => ObservableInput<unknown>,
): OperatorFunction<Stream, never> {
  return (stream$) =>
    derive<Stream, never>(stream$, (subscriber) => {
      const serving = new Serving(handler, subscriber);
      subscriber.add(serving);
      return stream$.subscribe(serving);
    });
}

/**
 * Owns the stream that `newStream` gives: closed when the projection completes, reset when it errors or is unsubscribed. Passes its values and errors on.
 *
 * @example
 * ```ts
 * import { createHost, lines, withStream } from 'rx-libp2p';
 * import { merge, of } from 'rxjs';
 *
 * const host = await createHost();
 * const target = '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
 * const question = of(new TextEncoder().encode('how are you\n'));
 * host
 *   .newStream(target, '/talk/1.0.0')
 *   .pipe(withStream((stream) => merge(stream.writeFrom(question), stream.pipe(lines({ maxBytes: 1024 })))))
 *   .subscribe({ next: (line) => console.log(line), error: (error: Error) => console.log(error.message) });
 * ```
 */
export function withStream<R>(project: (stream: Stream) => ObservableInput<R>): OperatorFunction<Stream, R> {
  return (stream$) =>
    stream$.pipe(
      mergeMap(
        (stream) => new Observable<R>((subscriber) => new Projecting(stream, subscriber).run(project)),
      ),
    );
}

/** Hears what is done with a stream, and owns the stream meanwhile: one object for both, since there is one for every stream. */
abstract class Owner<R> implements Observer<R>, Unsubscribable {
  private settled = false;
  private hasLeft = false;
  private working: Subscription | undefined;

  constructor(protected readonly stream: Stream) {}

  run(project: (stream: Stream) => ObservableInput<R>): this {
    try {
      this.working = from(project(this.stream)).subscribe(this);
      // It may be the projection itself that makes its owner leave.
      if (this.hasLeft) this.working.unsubscribe();
    } catch (thrown) {
      this.error(thrown);
    }
    return this;
  }

  error(thrown: unknown): void {
    this.settled = true;
    const error = asError(thrown);
    this.stream.error(error);
    this.failed(error);
  }

  complete(): void {
    this.settled = true;
    this.stream.close();
    this.done();
  }

  unsubscribe(): void {
    this.hasLeft = true;
    if (!this.settled) this.stream.error(new Error('the stream’s owner has left'));
    this.working?.unsubscribe();
  }

  abstract next(value: R): void;
  protected abstract failed(error: Error): void;
  protected abstract done(): void;
}

class Projecting<R> extends Owner<R> {
  constructor(
    stream: Stream,
    private readonly subscriber: Subscriber<R>,
  ) {
    super(stream);
  }

  next(value: R): void {
    this.subscriber.next(value);
  }

  protected failed(error: Error): void {
    this.subscriber.error(error);
  }

  protected done(): void {
    this.subscriber.complete();
  }
}

class Served extends Owner<unknown> {
  constructor(
    stream: Stream,
    private readonly serving: Serving,
  ) {
    super(stream);
  }

  next(): void {
    // What a handler emits is its own.
  }

  protected failed(error: Error): void {
    if (tellsHandlerErrors(this.stream)) this.stream.handlerFailed(error);
    this.done();
  }

  protected done(): void {
    this.serving.done(this);
  }
}

/** The streams of one `serve`: no more at once than the handle's maxInboundStreams and the muxers' allow. */
class Serving implements Observer<Stream>, Unsubscribable {
  private readonly open = new Set<Served>();
  private ended = false;

  constructor(
    private readonly handler: (stream: Stream) => ObservableInput<unknown>,
    private readonly subscriber: Subscriber<never>,
  ) {}

  next(stream: Stream): void {
    const served = new Served(stream, this);
    this.open.add(served);
    served.run(this.handler);
  }

  error(error: unknown): void {
    this.subscriber.error(error);
  }

  complete(): void {
    this.ended = true;
    if (this.open.size === 0) this.subscriber.complete();
  }

  done(served: Served): void {
    this.open.delete(served);
    if (this.ended && this.open.size === 0) this.subscriber.complete();
  }

  unsubscribe(): void {
    for (const served of this.open) served.unsubscribe();
    this.open.clear();
  }
}

function tellsHandlerErrors(stream: Stream): stream is Stream & TellsHandlerErrors {
  return 'handlerFailed' in stream;
}
