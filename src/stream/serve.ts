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
    stream$.pipe(
      // Bounded by the handle's maxInboundStreams and by the muxer's streams.
      mergeMap(
        (stream) => new Observable<never>((subscriber) => new Serving(stream, subscriber).run(handler)),
      ),
    );
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
abstract class Owner<R, E> implements Observer<R>, Unsubscribable {
  private settled = false;
  private working: Subscription | undefined;

  constructor(
    protected readonly stream: Stream,
    protected readonly subscriber: Subscriber<E>,
  ) {}

  run(project: (stream: Stream) => ObservableInput<R>): this {
    try {
      this.working = from(project(this.stream)).subscribe(this);
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
    this.subscriber.complete();
  }

  unsubscribe(): void {
    if (!this.settled) this.stream.error(new Error('the stream’s owner has left'));
    this.working?.unsubscribe();
  }

  abstract next(value: R): void;
  protected abstract failed(error: Error): void;
}

class Serving extends Owner<unknown, never> {
  next(): void {
    // What a handler emits is its own.
  }

  protected failed(error: Error): void {
    if (tellsHandlerErrors(this.stream)) this.stream.handlerFailed(error);
    this.subscriber.complete();
  }
}

class Projecting<R> extends Owner<R, R> {
  next(value: R): void {
    this.subscriber.next(value);
  }

  protected failed(error: Error): void {
    this.subscriber.error(error);
  }
}

function tellsHandlerErrors(stream: Stream): stream is Stream & TellsHandlerErrors {
  return 'handlerFailed' in stream;
}
