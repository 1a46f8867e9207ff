/**
 * What stands between a muxed stream and a public one until its protocol is agreed on. Byte path (ADR 2; measured by
 * `bench/`): plain calls; a stream that is opened and selected in one segment costs no turn of its own.
 */
import { concatBytes } from '../core/bytes.js';
import type { Bytes } from '../core/duplex.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { MuxedReader, MuxedStream } from '../core/muxed-stream.js';
import { Offer } from '../protocols/multistream/offer.js';
import { Responder } from '../protocols/multistream/respond.js';

/** Stream code for a negotiation that failed. @source libp2p error codes */
export const NEGOTIATION_FAILED = 0x1001;
/** Stream code for a limit that was met. @source libp2p error codes */
export const RESOURCE_LIMIT = 0x1002;

export interface NegotiationEnd {
  /** Agreed; the reader is free, and `rest` belongs to the application. */
  agreed(protocol: string, rest: Bytes | undefined): void;
  failed(error: Error): void;
}

abstract class Negotiation implements MuxedReader {
  constructor(
    protected readonly muxed: MuxedStream,
    private readonly end: NegotiationEnd,
  ) {
    muxed.reader = this;
  }

  onBytes(bytes: Bytes): void {
    try {
      const agreed = this.hear(bytes);
      this.muxed.credit(bytes.byteLength - (agreed?.rest?.byteLength ?? 0));
      if (agreed !== undefined) this.end.agreed(agreed.protocol, agreed.rest);
    } catch (error) {
      this.muxed.reset(asError(error), NEGOTIATION_FAILED);
    }
  }

  onEnd(): void {
    this.muxed.reset(
      new Libp2pError('ERR_UNEXPECTED_END', 'remote', 'the stream ended while its protocol was negotiated'),
      NEGOTIATION_FAILED,
    );
  }

  onReset(error: Error): void {
    this.end.failed(error);
  }

  onRoom(): void {
    // What a negotiation writes is bounded by the number of its proposals.
  }

  onClosed(): void {
    this.end.failed(
      new Libp2pError('ERR_UNEXPECTED_END', 'remote', 'the stream ended while its protocol was negotiated'),
    );
  }

  protected abstract hear(
    bytes: Bytes,
  ): { readonly protocol: string; readonly rest: Bytes | undefined } | undefined;
}

export class OutboundNegotiation extends Negotiation {
  private readonly offer: Offer;

  constructor(muxed: MuxedStream, protocols: readonly string[], end: NegotiationEnd) {
    super(muxed, end);
    this.offer = new Offer(protocols);
    muxed.write(this.offer.opening());
  }

  protected hear(bytes: Bytes): { readonly protocol: string; readonly rest: Bytes | undefined } | undefined {
    const answer = this.offer.push(bytes);
    if (!(answer instanceof Uint8Array)) return answer;
    this.muxed.write(answer);
    return undefined;
  }
}

export class InboundNegotiation extends Negotiation {
  private readonly responder: Responder;
  private opened = false;

  constructor(muxed: MuxedStream, supports: (protocol: string) => boolean, end: NegotiationEnd) {
    super(muxed, end);
    this.responder = new Responder(supports);
  }

  protected hear(bytes: Bytes): { readonly protocol: string; readonly rest: Bytes | undefined } | undefined {
    const { write, protocol, rest } = this.responder.push(bytes);
    if (write !== undefined) {
      // The header waits for the first answer: no dialer waits for it alone.
      this.muxed.write(this.opened ? write : concatBytes(Responder.opening, write));
      this.opened = true;
    }
    return protocol === undefined ? undefined : { protocol, rest };
  }
}
