/**
 * What data and window frames do to the streams: flags in the order SYN, ACK, body or credit, FIN, RST. Byte path (ADR 2;
 * measured by `bench/`). Whatever breaks the protocol is thrown, and ends the connection.
 * @source yamux specification, Stream life; go-yamux v5
 */
import { RESOURCE_LIMIT } from '../../core/account.js';
import type { Bytes } from '../../core/duplex.js';
import type { Libp2pError } from '../../core/errors.js';
import { FLAG, INITIAL_WINDOW_BYTES, TYPE, violation, type Header } from './frame.js';
import type { Ledger } from './limits.js';
import type { StreamTable } from './stream-table.js';
import type { YamuxStream } from './stream.js';

const PROTOCOL_VIOLATION = 0x1004;

export interface StreamFramesOwner {
  readonly now: number;
  /** Whether new streams are welcome. */
  readonly accepting: boolean;
  /** A stream of the remote's: made, registered, and given to whoever takes streams. */
  admit(streamId: number): YamuxStream;
  /** Tells the remote that a stream of its is not taken. */
  refuse(streamId: number, code: number): void;
  /** Somebody waiting for a slot may have one now. */
  slotFreed(): void;
}

export class StreamFrames {
  private stream: YamuxStream | undefined;
  private flags = 0;

  constructor(
    private readonly table: StreamTable,
    private readonly ledger: Ledger,
    private readonly owner: StreamFramesOwner,
  ) {}

  onHeader(header: Header): void {
    const { type, flags, streamId } = header;
    if (streamId === 0) throw violation('a data or window frame on stream 0');
    const stream = (flags & FLAG.syn) !== 0 ? this.accept(header) : this.table.get(streamId);
    if (stream !== undefined && (flags & FLAG.ack) !== 0) this.acknowledge(stream);
    if (type === TYPE.data) this.beginData(header, stream);
    else if (stream !== undefined) this.window(header, stream);
  }

  onBody(bytes: Bytes): void {
    this.stream?.receive(bytes);
  }

  onDataEnd(): void {
    const { stream, flags } = this;
    this.stream = undefined;
    if (stream === undefined) return;
    if ((flags & FLAG.fin) !== 0) stream.receiveEnd();
    if ((flags & FLAG.rst) !== 0) this.reset(stream, 0);
  }

  /** The length is judged before a byte of the body is looked at. */
  private beginData({ flags, streamId, length }: Header, stream: YamuxStream | undefined): void {
    if (length > 0) {
      if (stream === undefined) this.ledger.strays.judge(streamId, length);
      else if (!stream.window.receive(length)) throw tooMuch(length, streamId, stream.window.remaining);
      else if (stream.remoteEnded)
        stream.reset(violation(`data on stream ${String(streamId)} after its end`), PROTOCOL_VIOLATION);
      else if (stream.window.isOverdrawn) stream.payForWindow();
    }
    this.stream = stream;
    this.flags = flags;
  }

  private window({ flags, streamId, length }: Header, stream: YamuxStream): void {
    if ((flags & FLAG.rst) !== 0) {
      this.reset(stream, length);
      return;
    }
    if (!stream.receiveCredit(length))
      throw violation(
        `a window update of ${String(length)} that makes stream ${String(streamId)}'s window overflow`,
      );
    if ((flags & FLAG.fin) !== 0) stream.receiveEnd();
  }

  private accept({ type, flags, streamId, length }: Header): YamuxStream | undefined {
    if (!this.table.isInbound(streamId))
      throw violation(`a SYN for stream ${String(streamId)}, an id of ours`);
    if (this.table.get(streamId) !== undefined)
      throw violation(`a SYN for stream ${String(streamId)}, which is open`);
    // Judged before anybody hears of the stream.
    if (type === TYPE.data && length > INITIAL_WINDOW_BYTES)
      throw tooMuch(length, streamId, INITIAL_WINDOW_BYTES);
    const reused = !this.table.use(streamId);
    if (reused) this.ledger.reusedId(streamId);
    else if ((flags & FLAG.rst) !== 0) {
      // Opened and given up in one frame: there is nothing to take.
      this.ledger.churn(this.owner.now);
      return undefined;
    } else if (this.owner.accepting && this.table.canAccept) return this.owner.admit(streamId);
    this.owner.refuse(streamId, reused ? PROTOCOL_VIOLATION : RESOURCE_LIMIT);
    this.ledger.strays.expect(streamId, INITIAL_WINDOW_BYTES);
    return undefined;
  }

  private acknowledge(stream: YamuxStream): void {
    if (stream.acknowledged) return;
    stream.acknowledged = true;
    this.table.unacknowledged -= 1;
    this.owner.slotFreed();
  }

  private reset(stream: YamuxStream, code: number): void {
    if (!stream.ours) this.ledger.churn(this.owner.now);
    stream.receiveReset(code);
  }
}

function tooMuch(length: number, streamId: number, remaining: number): Libp2pError {
  return violation(
    `${String(length)} bytes on stream ${String(streamId)}, whose window has ${String(remaining)}`,
  );
}
