/**
 * What stands between a muxed stream and a public one until its protocol is agreed on. Byte path (ADR 2; measured by
 * `bench/`): plain calls; a stream that is opened and selected in one segment costs no turn of its own.
 */
import { concatBytes } from '../core/bytes.js';
import type { Bytes } from '../core/duplex.js';
import { asError, Libp2pError, TimeoutError } from '../core/errors.js';
import type { MuxedReader, MuxedStream } from '../core/muxed-stream.js';
import { behind, knownProposal } from '../protocols/multistream/codec.js';
import { Offer } from '../protocols/multistream/offer.js';
import { Responder } from '../protocols/multistream/respond.js';
import type { Deadline, Deadlines } from '../rx/deadlines.js';

/** Stream code for a negotiation that failed. @source libp2p error codes */
export const NEGOTIATION_FAILED = 0x1001;
/** Stream code for a limit that was met. @source libp2p error codes */
export const RESOURCE_LIMIT = 0x1002;

/** How long a stream's protocol may take to be agreed on, in and out. */
export const NEGOTIATION_MS = 10_000;

interface Agreed {
  readonly protocol: string;
  /** Belongs to the application. */
  readonly rest: Bytes | undefined;
}

/** Reads the stream and is its deadline, so that there is one object for all of it. */
abstract class Negotiation implements MuxedReader, Deadline {
  dueAt = 0;

  constructor(
    protected readonly muxed: MuxedStream,
    protected readonly deadlines: Deadlines,
  ) {
    muxed.reader = this;
    deadlines.set(this);
  }

  onBytes(bytes: Bytes): void {
    try {
      const agreed = this.hear(bytes);
      this.muxed.credit(bytes.byteLength - (agreed?.rest?.byteLength ?? 0));
      if (agreed === undefined) return;
      this.over();
      this.agreed(agreed.protocol, agreed.rest);
    } catch (error) {
      this.muxed.reset(asError(error), NEGOTIATION_FAILED);
    }
  }

  onEnd(): void {
    this.muxed.reset(endedEarly(), NEGOTIATION_FAILED);
  }

  onReset(error: Error): void {
    this.over();
    this.failed(error);
  }

  onRoom(): void {
    // What a negotiation writes is bounded by the number of its proposals.
  }

  onClosed(): void {
    this.onReset(endedEarly());
  }

  expire(): void {
    this.muxed.reset(
      new TimeoutError('negotiating a stream', NEGOTIATION_MS, this.waitsFor),
      NEGOTIATION_FAILED,
    );
  }

  /** It waits no more; may be called again. */
  protected over(): void {
    this.deadlines.clear(this);
  }

  /** Whose fault it is that it takes too long. */
  protected abstract readonly waitsFor: 'remote' | undefined;
  protected abstract hear(bytes: Bytes): Agreed | undefined;
  /** The reader is free. */
  protected abstract agreed(protocol: string, rest: Bytes | undefined): void;
  protected abstract failed(error: Error): void;
}

export interface NegotiationEnd {
  agreed(protocol: string, rest: Bytes | undefined): void;
  failed(error: Error): void;
}

export class OutboundNegotiation extends Negotiation {
  protected readonly waitsFor = undefined;
  private readonly offer: Offer;

  constructor(
    muxed: MuxedStream,
    deadlines: Deadlines,
    protocols: readonly string[],
    private readonly end: NegotiationEnd,
  ) {
    super(muxed, deadlines);
    this.offer = new Offer(protocols);
    muxed.write(this.offer.opening());
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    this.over();
  }

  protected hear(bytes: Bytes): Agreed | undefined {
    const answer = this.offer.push(bytes);
    if (!(answer instanceof Uint8Array)) return answer;
    this.muxed.write(answer);
    return undefined;
  }

  protected agreed(protocol: string, rest: Bytes | undefined): void {
    this.end.agreed(protocol, rest);
  }

  protected failed(error: Error): void {
    this.end.failed(error);
  }
}

export abstract class InboundNegotiation extends Negotiation {
  protected readonly waitsFor = 'remote';
  /** Made where the first bytes are not word for word what others said. */
  private responder: Responder | undefined;
  private opened = false;

  protected hear(bytes: Bytes): Agreed | undefined {
    if (this.responder === undefined) {
      const known = knownProposal(bytes);
      if (known !== undefined && this.supports(known.protocol)) {
        this.muxed.write(known.proposal);
        return { protocol: known.protocol, rest: behind(bytes, known.proposal) };
      }
      this.responder = new Responder((protocol) => this.supports(protocol));
    }
    const { write, protocol, rest } = this.responder.push(bytes);
    if (write !== undefined) {
      // The header waits for the first answer: no dialer waits for it alone.
      this.muxed.write(this.opened ? write : concatBytes(Responder.opening, write));
      this.opened = true;
    }
    return protocol === undefined ? undefined : { protocol, rest };
  }

  protected abstract supports(protocol: string): boolean;
}

function endedEarly(): Libp2pError {
  const what = 'the stream ended while its protocol was negotiated';
  return new Libp2pError('ERR_UNEXPECTED_END', 'remote', what);
}
