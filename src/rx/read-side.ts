/**
 * The reading half of every byte channel: one implementation of the rules that `Duplex.read` and `Stream` promise.
 * Byte path (ADR 2; measured by `bench/`): plain calls, no Promise, no scheduler hop, no copy while the reader keeps up.
 */
import { Observable, type Subscriber, type Unsubscribable } from 'rxjs';
import { ByteQueue } from '../core/byte-queue.js';
import type { Bytes, PlainReader } from '../core/duplex.js';
import { Libp2pError } from '../core/errors.js';
import { SubscribedReader } from './subscribed-reader.js';

/** What the owner of a read side wants to hear; each may be missing. */
export interface ReadSideOwner {
  /** Whether somebody reads and has room: resume or pause what feeds this side. */
  onDemand?(wanted: boolean): void;
  /** So many delivered bytes have been dealt with: their window may be given back. */
  onConsumed?(byteLength: number): void;
}

export class ReadSide {
  /** Made when something has to wait. */
  private queue: ByteQueue | undefined;
  private reader: PlainReader | undefined;
  private displaced: PlainReader[] | undefined;
  private delivering = false;
  private owed = 0;
  private wanted = false;
  private over: { readonly error: Error | undefined } | undefined;

  constructor(private readonly owner: ReadSideOwner) {}

  /** Bytes that have arrived and that nobody has taken. */
  get queuedBytes(): number {
    return this.queue?.byteLength ?? 0;
  }

  get ended(): boolean {
    return this.over !== undefined;
  }

  /** Whether it has ended and nothing is left to be read: what fails then changes nothing. */
  get isDone(): boolean {
    return this.over?.error !== undefined || (this.over !== undefined && this.queuedBytes === 0);
  }

  /** Bytes from the remote, in order. Ignored after the end. */
  push(bytes: Bytes): void {
    if (this.over !== undefined || bytes.byteLength === 0) return;
    const reader = this.freeReader;
    if (reader !== undefined) this.deliver(reader, bytes);
    else {
      this.queue ??= new ByteQueue();
      this.queue.push(bytes);
      return;
    }
    this.drain();
  }

  /** As `push`, of bytes that are overwritten once this returns: copied, unless the reader has done with them by then. */
  pushShared(bytes: Bytes): void {
    this.push(this.freeReader?.keepsNothing === true ? bytes : bytes.slice());
  }

  /** Who takes at once what comes now. */
  private get freeReader(): PlainReader | undefined {
    const reader = this.reader;
    const isFree = !this.delivering && this.queuedBytes === 0;
    return isFree && reader?.hasRoom === true && !reader.isOver ? reader : undefined;
  }

  /** What nobody has read, for whoever takes the channel over by other means. */
  takeQueued(): Bytes[] {
    return this.queue?.takeAll() ?? [];
  }

  /** The remote's end of stream: the reader completes when it has had all. */
  end(): void {
    if (this.over !== undefined) return;
    this.over = { error: undefined };
    this.drain();
  }

  /** The channel broke: what is queued is dropped, the reader errors at once. */
  fail(error: Error): void {
    if (this.isDone) return;
    this.over = { error };
    this.queue?.clear();
    this.drain();
  }

  /** @see Duplex.read */
  read(room$?: Observable<boolean>): Observable<Bytes> {
    return new Observable<Bytes>((subscriber) => this.attach(subscriber, room$));
  }

  /**
   * Makes `subscriber` the reader; returns what ends its turn. Who has left is no reader any more, told or not; the owner
   * hears of it at once only when told, and a room is left only then.
   */
  attach(subscriber: Subscriber<Bytes>, room$?: Observable<boolean>): Unsubscribable {
    const reader = new SubscribedReader(this, subscriber, room$ === undefined);
    this.install(reader);
    if (room$ !== undefined) reader.watch(room$);
    this.drain();
    return reader;
  }

  /** @see PlainChannel.attach */
  attachPlain(reader: PlainReader): void {
    this.install(reader);
    this.drain();
  }

  /** @see PlainChannel.pull */
  pull(reader: PlainReader): void {
    if (this.reader === reader) this.drain();
  }

  /** @see PlainChannel.detach */
  detach(reader: PlainReader): void {
    if (this.reader !== reader) return;
    this.reader = undefined;
    this.updateDemand();
  }

  private install(reader: PlainReader): void {
    const previous = this.reader;
    this.reader = reader;
    if (previous?.isOver === false) this.displace(previous);
  }

  /** The older reader has lost its turn; one that is inside its `next` may still leave by itself. */
  private displace(previous: PlainReader): void {
    if (this.delivering) (this.displaced ??= []).push(previous);
    else refuse(previous);
  }

  private deliver(reader: PlainReader, bytes: Bytes): void {
    this.delivering = true;
    try {
      reader.onBytes(bytes);
    } finally {
      this.delivering = false;
    }
    this.owed += bytes.byteLength;
    if (this.displaced !== undefined) {
      const displaced = this.displaced;
      this.displaced = undefined;
      displaced.forEach(refuse);
    }
  }

  /** Delivers, credits and ends, as far as the reader has room. Re-entrant calls leave it to the one that runs. */
  private drain(): void {
    if (this.delivering) return;
    for (;;) {
      const reader = this.reader;
      if (reader?.hasRoom !== true || reader.isOver) break;
      this.repay();
      const chunk = this.queue?.shift();
      if (chunk === undefined) break;
      this.deliver(reader, chunk);
    }
    this.finish();
    this.updateDemand();
  }

  private repay(): void {
    if (this.owed === 0) return;
    const byteLength = this.owed;
    this.owed = 0;
    this.owner.onConsumed?.(byteLength);
  }

  private finish(): void {
    const reader = this.reader;
    if (this.over === undefined || reader?.isOver !== false || this.queuedBytes > 0) return;
    this.reader = undefined;
    if (this.over.error !== undefined) reader.onFail(this.over.error);
    else reader.onEnd();
  }

  private updateDemand(): void {
    const wanted = this.reader?.hasRoom === true && this.over === undefined;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.owner.onDemand?.(wanted);
  }
}

function refuse(reader: PlainReader): void {
  reader.onFail(taken());
}

/** What a reader hears that still reads when a newer one has taken over. */
export function taken(): Libp2pError {
  return new Libp2pError('ERR_STREAM_TAKEN', 'local', 'a newer subscription took over this reader');
}
