/** multistream-select on a channel: the edges that read and write for the sans-IO halves beside them. */
import { Observable, Subscription, type Subscriber } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { listenTo } from '../../rx/listen-to.js';
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
  listenTo(duplex.read(), reading, {
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
  let proposal: Bytes | undefined = proposalOf(protocol);
  const take = (): Bytes | undefined => {
    const taken = proposal;
    proposal = undefined;
    return taken;
  };
  const sink = {
    next: (bytes: Writable): void => {
      const before = take();
      duplex.sink.next(before === undefined ? bytes : new Uint8ArrayList(before, bytes));
    },
    error: (error: unknown): void => {
      duplex.sink.error(error);
    },
    complete: (): void => {
      const before = take();
      if (before !== undefined) duplex.sink.next(before);
      duplex.sink.complete();
    },
  };
  const answer = new LazyAnswer(protocol);
  let answered: Duplex | undefined;
  const read = (room$?: Observable<boolean>): Observable<Bytes> =>
    new Observable<Bytes>((subscriber) => {
      if (answered !== undefined) {
        subscriber.add(answered.read(room$).subscribe(subscriber));
        return;
      }
      const before = take();
      if (before !== undefined) duplex.sink.next(before);
      readAnswer(duplex, answer, subscriber, (rest) => {
        answered = unread(duplex, rest);
        subscriber.add(answered.read(room$).subscribe(subscriber));
      });
    });
  return {
    read,
    sink,
    get room$() {
      return duplex.room$;
    },
    get below() {
      return proposal === undefined ? answered : undefined;
    },
  };
}

function readAnswer(
  duplex: Duplex,
  answer: LazyAnswer,
  subscriber: Subscriber<Bytes>,
  accept: (rest: Bytes | undefined) => void,
): void {
  const reading = new Subscription();
  subscriber.add(reading);
  listenTo(duplex.read(), reading, {
    next: (bytes) => {
      try {
        const accepted = answer.push(bytes);
        if (accepted === undefined) return;
        reading.unsubscribe();
        accept(accepted.rest);
      } catch (error) {
        subscriber.error(asError(error));
      }
    },
    error: (error: unknown) => {
      subscriber.error(error);
    },
    complete: () => {
      subscriber.error(endedDuring('before the protocol was answered'));
    },
  });
}

function endedDuring(when: string): Libp2pError {
  return new Libp2pError('ERR_UNEXPECTED_END', 'network', `the channel ended ${when}`);
}
