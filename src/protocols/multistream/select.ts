/** multistream-select on a channel: the edges that read and write for the sans-IO halves beside them. */
import { Observable, Subscription, type Observer, type Subscriber } from 'rxjs';
import { piecesOf } from '../../core/bytes.js';
import type { Bytes, Duplex, PlainChannel, PlainReader, Writable } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { Front, Layer } from '../../rx/layer.js';
import { listenTo } from '../../rx/listen-to.js';
import { plainOf } from '../../rx/plain.js';
import { unread } from '../../rx/unread.js';
import { LazyAnswer, Offer, proposalOf } from './offer.js';
import { Responder } from './respond.js';

export interface Selected {
  readonly protocol: string;
  /** The channel from here on, with whatever came behind the negotiation. */
  readonly duplex: Duplex;
}

/** Proposes `protocols` in order. Emits once and completes; errors with ERR_MULTISTREAM, ERR_UNSUPPORTED_PROTOCOL or ERR_UNEXPECTED_END. Unsubscribing lets go of the channel. */
export function offer(duplex: Duplex, protocols: readonly string[]): Observable<Selected> {
  return new Observable<Selected>((subscriber) => {
    const initiator = new Offer(protocols);
    duplex.sink.next(initiator.opening());
    converse(duplex, subscriber, (bytes) => {
      const answer = initiator.push(bytes);
      if (answer instanceof Uint8Array) duplex.sink.next(answer);
      else return answer;
      return undefined;
    });
  });
}

/** Answers proposals. As `offer`; the header goes out at once, so that a dialer that waits for it is served too. */
export function respond(duplex: Duplex, protocols: readonly string[]): Observable<Selected> {
  return new Observable<Selected>((subscriber) => {
    const responder = new Responder((protocol) => protocols.includes(protocol));
    duplex.sink.next(Responder.opening);
    converse(duplex, subscriber, (bytes) => {
      const { write, protocol, rest } = responder.push(bytes);
      if (write !== undefined) duplex.sink.next(write);
      return protocol === undefined ? undefined : { protocol, rest };
    });
  });
}

/** Reads until `hear` has an agreement, and lets go of the channel before it hands it on. */
function converse(
  duplex: Duplex,
  subscriber: Subscriber<Selected>,
  hear: (bytes: Bytes) => { readonly protocol: string; readonly rest: Bytes | undefined } | undefined,
): void {
  const reading = new Subscription();
  subscriber.add(reading);
  listenTo(duplex, reading, {
    next: (bytes) => {
      try {
        const agreed = hear(bytes);
        if (agreed === undefined) return;
        reading.unsubscribe();
        subscriber.next({ protocol: agreed.protocol, duplex: unread(duplex, agreed.rest) });
        subscriber.complete();
      } catch (error) {
        subscriber.error(asError(error));
      }
    },
    error: (error: unknown) => {
      subscriber.error(error);
    },
    complete: () => {
      subscriber.error(endedDuring('while a protocol was negotiated'));
    },
  });
}

/**
 * The channel as if `protocol` had been agreed on: header and proposal leave in front of the first bytes written (or
 * alone, when somebody reads first), and the answer is read in front of the first bytes read. A refusal errors that read
 * with ERR_UNSUPPORTED_PROTOCOL.
 */
export function offerLazily(duplex: Duplex, protocol: string): Duplex {
  return new LazyOffer(duplex, protocol);
}

/** Its own sink. */
class LazyOffer extends Layer implements Observer<Writable> {
  readonly answer: LazyAnswer;
  private proposal: Bytes | undefined;
  private answered: Duplex | undefined;
  /** The way to what was answered, for its readers. */
  private above: PlainChannel | undefined;

  constructor(duplex: Duplex, protocol: string) {
    super(duplex);
    this.answer = new LazyAnswer(protocol);
    this.proposal = proposalOf(protocol);
  }

  override get sink(): this {
    return this;
  }
  get below(): Duplex | undefined {
    return this.proposal === undefined ? this.answered : undefined;
  }

  next(bytes: Writable): void {
    this.write(piecesOf(bytes));
  }

  override write(pieces: readonly Uint8Array[]): void {
    const { proposal } = this;
    this.proposal = undefined;
    this.channel.write(proposal === undefined ? pieces : [proposal, ...pieces]);
  }

  error(error: unknown): void {
    this.duplex.sink.error(error);
  }

  complete(): void {
    this.propose();
    this.duplex.sink.complete();
  }

  attach(reader: PlainReader): void {
    if (this.above !== undefined) this.above.attach(reader);
    else {
      this.propose();
      this.attachFront(new AnswerReader(reader, this));
    }
  }

  override pull(reader: PlainReader): void {
    if (this.above === undefined) super.pull(reader);
    else this.above.pull(reader);
  }

  override detach(reader: PlainReader): void {
    super.detach(reader);
    this.above?.detach(reader);
  }

  /** The answer has come, with `rest` behind it: its reader goes on with that. */
  accept(reader: PlainReader, rest: Bytes | undefined): void {
    this.answered = unread(this.duplex, rest);
    this.above = plainOf(this.answered);
    this.above.attach(reader);
  }

  private propose(): void {
    if (this.proposal !== undefined) this.write([]);
  }
}

/** Reads the answer, whether or not its reader has room for what is behind it. */
class AnswerReader extends Front {
  constructor(
    reader: PlainReader,
    private readonly channel: LazyOffer,
  ) {
    super(reader);
  }

  override get hasRoom(): boolean {
    return true;
  }

  onBytes(bytes: Bytes): void {
    try {
      const accepted = this.channel.answer.push(bytes);
      if (accepted === undefined) return;
      this.channel.detach(this.reader);
      this.channel.accept(this.reader, accepted.rest);
    } catch (error) {
      this.channel.detach(this.reader);
      this.reader.onFail(asError(error));
    }
  }

  override onEnd(): void {
    this.reader.onFail(endedDuring('before the protocol was answered'));
  }
}

function endedDuring(when: string): Libp2pError {
  return new Libp2pError('ERR_UNEXPECTED_END', 'network', `the channel ended ${when}`);
}
